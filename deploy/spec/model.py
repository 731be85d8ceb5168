"""The whole of kit.yaml as one typed value."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from deploy.components.litellm.spec import LiteLLMGateway
from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.components.open_webui.spec import OpenWebUI
from deploy.spec.fields import HostPath, ModelName, Name, PackageName, Sha256, SourcePath, Strict, Url, Version

ENGINES = (LlamaCppEngine,)
GATEWAYS = (LiteLLMGateway,)
WEBUIS = (OpenWebUI,)
Engine = Annotated[LlamaCppEngine, Field()]
"""A union tagged by `kind` once there are two kinds; so are the others."""
Gateway = Annotated[LiteLLMGateway, Field()]
WebUI = Annotated[OpenWebUI, Field()]


class Images(Strict):
    """Source of the container images."""

    source: Literal["build"] = "build"
    """build: assembled on this machine from Debian packages and Python wheels."""
    debian: Literal["moving"] = "moving"
    """moving: Debian's packages as the mirror has them on the day of the build."""


class PipSource(Strict):
    """A GGUF file inside a Python package."""

    pip: PackageName
    """Name of the package."""
    version: Version
    """Its exact version."""
    sha256: Sha256
    """sha256 of the GGUF file once it is put together."""


class FileSource(Strict):
    """A GGUF file on this machine."""

    file: SourcePath
    """Path of the file; a relative one begins at kit.yaml."""
    sha256: Sha256
    """sha256 of the file."""


def _source_kind(value: Any) -> str | None:
    given = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    return next((tag for tag, key in (("(pip)", "pip"), ("(file)", "file")) if key in given), None)


Source = Annotated[
    Annotated[PipSource, Tag("(pip)")] | Annotated[FileSource, Tag("(file)")],
    Discriminator(
        _source_kind,
        custom_error_type="source",
        custom_error_message="needs `pip` (a Python package) or `file` (a GGUF file on this machine)",
    ),
]


class Model(Strict):
    """A model that one engine serves."""

    name: ModelName
    """Name under which people and programs ask for it."""
    engine: Name
    """Name of the engine that serves it."""
    from_: Annotated[Source, Field(alias="from")]
    """Where the model's file comes from."""


class Mirrors(Strict):
    """Places to fetch from instead of the public ones; they never change what is built."""

    debian: Url | None = None
    """Mirror of Debian's packages."""
    pypi: Url | None = None
    """Python package index (its simple/ address)."""


def _default_is(kind: str) -> Any:
    return Field(json_schema_extra={"default": {"kind": kind}})


class Spec(Strict):
    """A deployment of a private LLM server."""

    kit: Literal[1]
    """Version of this file's format: 1."""
    stack: Name
    """Name of the deployment: of its folders, its containers and its compose project."""
    images: Images = Images()
    """How container images are made."""
    engines: Annotated[tuple[Engine, ...], Field(min_length=1)]
    """The programs that run models."""
    models: tuple[Model, ...] = ()
    """The models, each on one engine."""
    gateway: Annotated[Gateway | None, _default_is("litellm")] = LiteLLMGateway(kind="litellm")
    """One address and one key in front of all engines; left out, LiteLLM; null for none."""
    webui: Annotated[WebUI | None, _default_is("open_webui")] = OpenWebUI(kind="open_webui")
    """The web page for people; left out, Open WebUI; null for none."""
    backup: None
    """Backups; not built yet, so it must say null."""
    mirrors: Mirrors = Mirrors()
    """Places to fetch from in a closed network."""
    proxy: Url | None = None
    """Proxy for everything that is fetched."""
    ca: HostPath | None = None
    """File on this host with the certificate authorities to trust when fetching."""
