"""kit.lock: every moving input of a spec, pinned; written by `kit lock` alone and committed beside kit.yaml."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from deploy import __version__
from deploy.agent.line import Line
from deploy.deployment import cards
from deploy.deployment.cards import Card, Cards, Toolkit
from deploy.errors import SpecError
from deploy.fields.gpu import Vendor
from deploy.fields.publishing import HostAddress
from deploy.fields.values import Fingerprint, Sha256, matching
from deploy.reading.tree import read_document
from deploy.reading.validation import problems_of, validate
from deploy.registries.openpgp import fingerprints
from deploy.sources.file.locked import AdapterLock
from deploy.sources.lock import ModelLock
from deploy.sources.pip.wheels import Wheels
from deploy.sources.weights.locked import Bytes
from deploy.strict import Strict

if TYPE_CHECKING:
    from deploy.reading.document import Document

FORMAT: Final = 1
PLATFORM: Final = "linux/amd64"
_LARGEST = 8 * 2**20
_REPOSITORY = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9.-]*(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+|[a-z0-9][a-z0-9._/-]*"
)
_ENTRY = re.compile(r"[a-z][a-z0-9-]{0,30}/(?!.*//)[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}")
_PACKAGE = re.compile("[a-z0-9][a-z0-9+.-]{1,60}")
_VERSION = re.compile(r"[0-9][A-Za-z0-9.+~-]{0,60}")
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+~%-]{1,200}\.deb")
_ADDRESSES = re.compile("([a-z][a-z0-9-]{0,30}/)?(lan|all)")


class BuiltImageLock(Wheels):
    """Inputs of the image of one kind of service."""

    source: Literal["build"]
    """build: assembled on the host."""
    suite: str
    """Debian suite of the root filesystem."""
    python: str | None = None
    """Python of the image; empty for an image without Python."""
    requirements: tuple[str, ...] = ()
    """Requirements that the wheels were resolved for."""
    overrides: tuple[str, ...] = ()
    """Requirements that were left out."""


class PulledImageLock(Strict):
    """An image of a registry."""

    source: Literal["pull"]
    """pull: taken from a registry without a change."""
    repository: Annotated[str, matching(_REPOSITORY, "the name of a repository")]
    """Repository, with its registry unless that is Docker's own."""
    digest: Sha256
    """sha256 of its manifest."""
    size: Bytes
    """Size of the download in bytes."""


def _image_source(value: Any) -> str | None:
    source = value.get("source") if isinstance(value, dict) else getattr(value, "source", None)
    return f"({source})" if source in ("build", "pull") else None


ImageLock = Annotated[
    Annotated[BuiltImageLock, Tag("(build)")] | Annotated[PulledImageLock, Tag("(pull)")],
    Discriminator(
        _image_source, custom_error_type="source", custom_error_message="needs `source: build` or `source: pull`"
    ),
]


ModelKey = Annotated[str, matching(_ENTRY, "an engine's name, '/' and a model's name")]


AddressKey = Annotated[str, matching(_ADDRESSES, "lan or all, behind another host's name and '/'")]


DeviceFile = Annotated[
    str, matching(re.compile("(/dev/[A-Za-z0-9_/-]{1,100})?"), "the path of a device file, or an empty text")
]


class CardLock(Strict):
    """A card of NVIDIA's."""

    uuid: Annotated[str, matching(re.compile("(GPU-[0-9A-Fa-f-]{16,40})?"), "a card's UUID, or an empty text")]
    """Its UUID; empty if it was unknown."""
    node: DeviceFile
    """Its device file; empty under WSL."""


CardsKey = Annotated[str, matching(re.compile("[a-z][a-z0-9_-]{0,30}"), "the name of a service")]


class CardsLock(Strict):
    """The cards of a service's host, as `kit lock` saw them."""

    vendor: Vendor
    """Vendor of the cards; none for the CPU."""
    groups: tuple[Annotated[int, Field(ge=1)], ...] = ()
    """Numbers of the host's groups that may open the cards."""
    form: Literal["cdi", "classic"] | None = None
    """Form in which Docker hands NVIDIA's cards over: CDI's names, or its own driver with the device files by name."""
    nodes: tuple[DeviceFile, ...] = ()
    """Device files of NVIDIA's driver, beside the cards' own."""
    cards: tuple[CardLock, ...] = ()
    """NVIDIA's cards in the order of their numbers."""

    @property
    def given(self) -> Cards:
        """Return the cards as a room reads them."""
        own = tuple(Card(card.uuid, card.node) for card in self.cards)
        return Cards(self.vendor, self.form == "cdi", self.nodes, own)

    @model_validator(mode="after")
    def _is_whole(self) -> CardsLock:
        if (self.vendor == "nvidia") != (self.form is not None):
            raise PydanticCustomError("source", "needs `form` for the cards of nvidia, and for no others", {})
        return self


class ToolkitPackage(Strict):
    """A package of NVIDIA's container toolkit."""

    name: Annotated[str, matching(_PACKAGE, "the name of a package")]
    """Its name."""
    file: Annotated[str, matching(_FILE, "the file of a package")]
    """Its file in the source."""
    sha256: Sha256
    """sha256 of that file."""


class ToolkitLock(Strict):
    """NVIDIA's container toolkit."""

    version: Annotated[str, matching(_VERSION, "the version of a package")]
    """Version of all its packages."""
    fingerprint: Fingerprint
    """Fingerprint of the key that signs their source."""
    key: str
    """That key, in base64."""
    packages: Annotated[tuple[ToolkitPackage, ...], Field(min_length=1)]
    """Its packages."""

    @property
    def given(self) -> Toolkit:
        """Return the toolkit as a plan reads it."""
        packages = tuple(cards.ToolkitPackage(each.name, each.file, each.sha256) for each in self.packages)
        return Toolkit(self.version, self.key, packages)

    @field_validator("key")
    @classmethod
    def _is_that_key(cls, value: str, info: ValidationInfo) -> str:
        wanted = info.data.get("fingerprint")
        try:
            prints = fingerprints(base64.b64decode(value, validate=True))
        except ValueError:
            prints = []
        if prints != [wanted]:
            raise PydanticCustomError("source", "is not the key of this fingerprint", {})
        return value


class Lock(Strict):
    """Every moving input of a spec."""

    format: Literal[1]
    """Version of this file's format."""
    kit: str
    """Version of the kit that wrote it."""
    platform: Literal["linux/amd64"]
    """Platform that the wheels are for."""
    images: dict[str, ImageLock]
    """Kind of service to the inputs of its image, or reference to a pulled image."""
    models: dict[ModelKey, ModelLock]
    """Engine and model to the source of its file, with its facts."""
    adapters: dict[ModelKey, AdapterLock] = Field(default_factory=dict)
    """Engine and model to the adapter's file."""
    addresses: dict[AddressKey, Annotated[tuple[HostAddress, ...], Field(min_length=1)]] = Field(default_factory=dict)
    """Word of `publish`, with its host if that is not this machine, to the host's addresses behind it."""
    projectors: dict[ModelKey, AdapterLock] = Field(default_factory=dict)
    """Engine and model to the projector's file."""
    gpus: dict[CardsKey, CardsLock] = Field(default_factory=dict)
    """Service to the cards of its host."""
    toolkit: ToolkitLock | None = None
    """NVIDIA's container toolkit, if a host with its cards needs it."""


class NewerLockError(SpecError):
    """A newer kit wrote the lock: this kit must not overwrite it."""


def read_lock(path: Path, spec_path: Path | None = None) -> Lock:
    """Return the content of kit.lock; SpecError carries every problem in it."""
    spec = spec_path or path.with_name("kit.yaml")
    anew = f"take the committed one back, or pin all of it anew: {Line('lock', '--upgrade', spec=spec)}"
    document = _document(path, f"type: {Line('lock', spec=spec)}", anew)
    _ensure_format(document)
    lock, faults = validate(document, Lock)
    problems = [*document.problems, *problems_of(document, Lock, faults)]
    if problems or lock is None:
        _ensure_no_newer_kit(document)
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
    number = document.data.get("format", FORMAT)
    if type(number) is int and number > FORMAT:
        wrong = f"format {number} is newer than this kit knows ({FORMAT}); update the kit"
        raise NewerLockError([document.problem(("format",), wrong)])


def _ensure_no_newer_kit(document: Document) -> None:
    """Refuse a lock whose faults may be keys that came with a newer kit."""
    # packaging costs some milliseconds, and a lock without a fault needs none of it.
    from packaging.version import InvalidVersion, Version

    theirs = str(document.data.get("kit", ""))
    try:
        is_newer = Version(theirs) > Version(__version__)
    except InvalidVersion:
        return
    if is_newer:
        wrong = f"written by kit {theirs}, which is newer than this kit ({__version__}); update the kit"
        raise NewerLockError([document.problem(("kit",), wrong)])
