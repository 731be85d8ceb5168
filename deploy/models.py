"""Models as a host shall have them: files that engines open, and models that engines create over their API."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deploy.deployment import Owner, Secret


@dataclass(frozen=True)
class ModelFile:
    """A model's file on the host, by its content."""

    name: str
    service: str
    host_path: str
    owner: Owner
    sha256: str
    size_bytes: int
    source: dict[str, Any]
    """Where the agent takes it from, as the agent's operation `models` reads it."""


@dataclass(frozen=True)
class Blob:
    """A file that a model is created from, as its engine's API takes it."""

    file: str
    """Its name in the create request."""
    sha256: str
    size_bytes: int
    source: dict[str, Any]
    """Where the agent takes it from."""


@dataclass(frozen=True)
class Base:
    """A library's model that another is made from: pulled once, and held to the digest that was locked."""

    name: str
    digest: str
    size_bytes: int


@dataclass(frozen=True)
class CreatedModel:
    """A model that an engine makes from a request: content-addressed by the engine, remembered by the host."""

    name: str
    request: dict[str, Any]
    """Body of the request, places to fetch from left out."""
    digest: str
    """Digest of everything that decides what the engine makes."""
    layers: dict[str, str]
    """Digests of the layers that can be computed, by media type: they only name a drift's cause."""
    modelfile: str
    """The same as text, for people."""
    blobs: tuple[Blob, ...] = ()
    base: Base | None = None


@dataclass(frozen=True)
class Engine:
    """An engine whose models are created over its API, whoever runs it."""

    name: str
    kind: str
    protocol: str
    address: str
    """As the host reaches it."""
    models: tuple[CreatedModel, ...]
    key: Secret | None = None
    models_dir: str | None = None
    """Folder of the host with its models; None where the kit does not run it."""
    prune: bool = False
    """Whether a model that left the spec is removed."""
