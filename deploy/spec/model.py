"""The whole of kit.yaml as a typed value."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, model_validator

from deploy.components.edge.spec import Edge
from deploy.components.external.spec import ExternalEngine
from deploy.components.litellm.spec import LiteLLMGateway
from deploy.components.llama_cpp.spec import LlamaCppEngine
from deploy.components.ollama.spec import OllamaEngine
from deploy.components.open_webui.spec import OpenWebUI
from deploy.deployment.image import ImageOrigin
from deploy.fields.backup import BackupSpec
from deploy.fields.engine import EngineSpec
from deploy.fields.failures import OnFailure
from deploy.fields.host import HostSpec
from deploy.fields.service import OPEN_WORDS, ContainerSpec, ServiceSpec
from deploy.fields.values import (
    DebianUrl,
    Fingerprint,
    HostPath,
    LibraryUrl,
    Name,
    NvidiaUrl,
    ProxyUrl,
    PypiUrl,
    RegistryUrl,
)
from deploy.spec.models import Model
from deploy.strict import Strict

Engine = Annotated[LlamaCppEngine | OllamaEngine | ExternalEngine, Field(discriminator="kind")]
ENGINES: tuple[type[EngineSpec], ...] = get_args(get_args(Engine)[0])
GATEWAYS = (LiteLLMGateway,)
WEBUIS = (OpenWebUI,)
PLACED = frozenset({"hosts", "engines", "gateway", "webui"})
"""Keys that place services; a kit.yaml without any of them leaves all of it to the kit, the backup too."""
Gateway = Annotated[LiteLLMGateway, Field()]
WebUI = Annotated[OpenWebUI, Field()]


class Images(Strict):
    """Source of the container images."""

    source: ImageOrigin = "build"
    """build: assembled on the host from Debian packages and Python wheels, Ollama's pulled; pull: the official ones."""
    debian: Literal["moving"] = "moving"
    """moving: Debian's packages as the mirror has them on the day of the build."""


class Mirrors(Strict):
    """Places to fetch from instead of the public ones; they never change what is built."""

    debian: DebianUrl | None = None
    """Mirror of Debian's packages."""
    pypi: PypiUrl | None = None
    """Python package index (its simple/ address)."""
    registry: RegistryUrl | None = None
    """Container registry to ask in place of Docker's own."""
    ghcr: RegistryUrl | None = None
    """Container registry to ask in place of GitHub's, ghcr.io, which has most of the official images."""
    nvidia: NvidiaUrl | None = None
    """Mirror of NVIDIA's packages of the container toolkit, with `gpgkey` and `stable/deb/amd64/` in it."""
    nvidia_key: Fingerprint | None = None
    """Fingerprint of the key that signs that mirror; by default NVIDIA's own."""
    models: LibraryUrl | None = None
    """Library of models to ask in place of Ollama's own; a host and a port, no path."""


def _default_is(kind: str) -> Any:
    return Field(json_schema_extra={"default": {"kind": kind}})


class Spec(Strict):
    """A deployment of a private LLM server."""

    kit: Literal[1]
    """Version of this file's format: 1."""
    stack: Name
    """Name of the deployment, its folders, its containers and its compose project."""
    hosts: dict[Name, HostSpec] = Field(default_factory=dict)
    """Machines of the deployment by name, reached over SSH; without any, this machine runs everything."""
    images: Images = Images()
    """Source of the container images."""
    engines: Annotated[
        tuple[Engine, ...], Field(min_length=1, json_schema_extra={"default": [{"name": "main", "kind": "ollama"}]})
    ] = (OllamaEngine(name="main", kind="ollama"),)
    """Programs that run models; by default, one Ollama."""
    models: tuple[Model, ...] = ()
    """Models, each on one engine."""
    gateway: Annotated[Gateway | None, _default_is("litellm")] = LiteLLMGateway()
    """One address and one key in front of all engines; LiteLLM by default, null for none."""
    webui: Annotated[WebUI | None, _default_is("open_webui")] = OpenWebUI()
    """Web page for people; Open WebUI by default, null for none."""
    edge: Edge = Edge()
    """Settings of the proxy that other machines pass to reach an engine without authentication."""
    backup: BackupSpec | None = None
    """Daily backups, null for none; the default is {} without hosts, engines, gateway and webui, else null."""
    on_failure: OnFailure | None = None
    """Call of each host when something fails; null, the default, for none."""
    mirrors: Mirrors = Mirrors()
    """Places to fetch from in a closed network."""
    proxy: ProxyUrl | None = None
    """Proxy for everything that is fetched."""
    ca: HostPath | None = None
    """File on this host with the certificate authorities to trust when fetching."""

    @model_validator(mode="after")
    def _backed_up(self) -> Self:
        """Add the daily backup where kit.yaml leaves all services to the kit."""
        if self.model_fields_set & {*PLACED, "backup"}:
            return self
        return self.model_copy(update={"backup": BackupSpec()})

    @property
    def services(self) -> tuple[ServiceSpec, ...]:
        """Return the services that run as containers of the kit: engines, then those in front of them."""
        parts = (*self.engines, self.gateway, self.webui)
        return tuple(service for service in parts if isinstance(service, ServiceSpec))

    @property
    def guard(self) -> Edge:
        """Return the settings of the services that stand before engines without authentication."""
        return self.edge

    @property
    def guarded(self) -> tuple[ServiceSpec, ...]:
        """Return the engines without authentication that other machines reach: a guard stands before each."""
        return tuple(
            engine
            for engine in self.engines
            if isinstance(engine, ServiceSpec) and engine.is_open and not engine.traits.has_authentication
        )

    @property
    def idle_settings(self) -> tuple[str, ...]:
        """Return the written keys that nothing uses: settings of a guard without an engine behind it."""
        return ("edge",) if "edge" in self.model_fields_set and not self.guarded else ()

    @property
    def containers(self) -> tuple[ContainerSpec, ...]:
        """Return everything that runs in containers of the kit's."""
        return (*self.services, self.guard) if self.guarded else self.services

    def origin_of(self, service: ContainerSpec) -> ImageOrigin:
        """Return the source of a service's image: its own, or that of all images; some can only be pulled."""
        return (service.source or self.images.source) if service.is_buildable else "pull"

    @property
    def address_words(self) -> tuple[str, ...]:
        """Return the words of `publish` that kit.lock resolves to addresses of the host, each once."""
        used = {place for service in self.services for place in service.places}
        return tuple(word for word in OPEN_WORDS if word in used)
