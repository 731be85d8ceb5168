"""Images, files of models and engines' models: what is brought to a host, and from where."""

from __future__ import annotations

from typing import TypedDict, Union, final

from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.places import Owner


class Mirrors(TypedDict, total=False):
    """Places to fetch from; None is the public one."""

    debian: str | None
    pypi: str | None
    models: str | None


class Fetching(TypedDict):
    """Places to fetch from, and what it takes."""

    mirrors: Mirrors
    proxy: str | None
    ca: str | None
    """File with certificate authorities."""
    uv: str
    """Path of uv on the host."""
    cache: str


class Wheel(TypedDict):
    """One wheel, pinned."""

    name: str
    version: str
    file: str
    sha256: str
    size: int


class Wheels(TypedDict):
    """Python packages with the parts of one file."""

    wheels: list[Wheel]


class SentFile(TypedDict):
    """A file of the control node; the agent asks for it by its sha256."""

    name: str
    """Its name in messages; the agent opens no path of the control node."""


class Address(TypedDict):
    """A file at an address."""

    url: str


class Source(TypedDict, total=False):
    """The origin of a model's file; a source has exactly one key."""

    pip: Wheels
    file: SentFile
    url: Address


class SourcedFile(TypedDict):
    """A file of a model, and its origin."""

    sha256: str
    size: int
    source: Source


@final
class BuiltImage(TypedDict):
    """An image to assemble."""

    kind: str
    tag: str
    digest: str
    suite: str
    debian: list[str]
    python: str | None
    wheels: list[Wheel]
    bytecode: list[str]
    entrypoint: list[str]
    environment: dict[str, str]
    workdir: str
    labels: dict[str, str]


# A keyword cannot name a class's attribute, so this key needs the functional form.
Pull = TypedDict("Pull", {"from": str, "size": int})
"""A reference with a digest, and how many bytes it has."""


@final
class PulledImage(TypedDict):
    """An image to pull."""

    kind: str
    reference: str
    pull: Pull


Image = Union[BuiltImage, PulledImage]


class ImagesRequest(StackRequest, Fetching):
    """The images that a host shall have."""

    images: list[Image]
    force: bool
    """True if images that are there are assembled again."""


class PresentImage(TypedDict):
    """An image that the host has now."""

    kind: str
    tag: str
    id: str
    built: bool
    """True if this run brought it."""
    debian_versions: dict[str, str]


class ImagesAnswer(Changed):
    """The images that the host has now."""

    images: list[PresentImage]


class ModelFile(Owner, SourcedFile):
    """A model's file and its place."""

    name: str
    path: str


class ModelsRequest(StackRequest, Fetching):
    """The files of models that services mount."""

    models: list[ModelFile]


class PresentModel(TypedDict):
    """A model's file that the host has now."""

    name: str
    path: str
    sha256: str
    placed: bool
    """True if this run brought it."""


class ModelsAnswer(Changed):
    """The files of models that the host has now."""

    models: list[PresentModel]
