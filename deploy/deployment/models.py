"""Models that engines create over their API, as a host shall have them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.agent.protocols.names import plain, same

FILE = "model.gguf"
ADAPTER = "adapter.gguf"
PROJECTOR = "projector.gguf"
"""Names of the files within a request: the same wherever a file lies on a disk."""


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
class Context:
    """How many tokens of a conversation an engine lets a model see."""

    tokens: int
    is_chosen: bool
    """Whether the spec says it."""
    is_least: bool = False
    """Whether it may be more, for it depends on the memory of cards."""


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
    num_ctx: int | None = None
    """Its context in tokens, its own or its parent's; None leaves it to the engine."""
    trained: int | None = None
    """Longest context that it was trained for, where that is known."""
    is_bare: bool = False
    """Whether neither its file nor the spec has a template for a chat."""
    parts: dict[str, str] = field(default_factory=dict)
    """Digests of what the request is made of, part by part: they only name what changed in the spec."""

    @property
    def is_pulled(self) -> bool:
        """Whether it is a library's tag under its own name: pulled, and nothing is made of it."""
        return self.base is not None and same(self.base.name) == same(self.name)

    @property
    def weight_bytes(self) -> int:
        """What its files weigh; those of one that is made from another model of the spec are that one's."""
        return sum(blob.size_bytes for blob in self.blobs) + (self.base.size_bytes if self.base else 0)

    @property
    def listed_as(self) -> str:
        """The name that its engine lists it by: a tag that was pulled keeps the library's spelling."""
        return self.base.name if self.base is not None and self.is_pulled else self.name


def templated(models: tuple[CreatedModel, ...]) -> tuple[CreatedModel, ...]:
    """Return the models whose own template makes their prompts, the lightest first."""
    made = {model.name: model for model in models}
    found = [one for one in models if one.request.get("template") and not _inherited(made, one.name, "renderer")]
    return tuple(sorted(found, key=lambda one: (one.weight_bytes + _above(made, one), one.name)))


def _above(made: dict[str, CreatedModel], model: CreatedModel) -> int:
    base = made.get(model.request.get("from", ""))
    return base.weight_bytes if base is not None and base is not model else 0


def _inherited(made: dict[str, CreatedModel], name: str, key: str) -> Any:
    """Return a part of a model's request, or of what it is made from."""
    left = dict(made)
    # A tag under its own name is made from itself: each request is looked at once.
    while model := left.pop(name, None):
        if model.request.get(key) is not None:
            return model.request[key]
        name = model.request.get("from", "")
    return None


def upstream_names(models: tuple[CreatedModel, ...]) -> tuple[tuple[str, str], ...]:
    """Return the models that their engine knows under another spelling, each with that one."""
    return tuple((one.name, one.listed_as) for one in models if plain(one.listed_as) != plain(one.name))
