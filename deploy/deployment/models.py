"""Models that engines create over their API, for one host."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from deploy.agent.protocols.doors.names import plain, same
from deploy.deployment.model_source import ModelSource

FILE = "model.gguf"
ADAPTER = "adapter.gguf"
PROJECTOR = "projector.gguf"
"""Names of the files within a request: the same for every place of a file on a disk."""


@dataclass(frozen=True)
class Blob:
    """A file that a model is created from, in the form of its engine's API."""

    file: str
    """Its name in the create request."""
    sha256: str
    size_bytes: int
    source: ModelSource
    """Source of the file, for the agent."""


@dataclass(frozen=True)
class Base:
    """A library's model that another is created from: pulled once, and checked against its locked digest."""

    name: str
    digest: str
    size_bytes: int


@dataclass(frozen=True)
class Context:
    """Number of tokens of a conversation that an engine shows a model."""

    tokens: int
    is_chosen: bool
    """True if the spec sets it."""
    is_least: bool = False
    """True if it may be more, depending on the memory of cards."""


@dataclass(frozen=True)
class CreatedModel:
    """A model that an engine creates from a request: content-addressed by the engine, remembered by the host."""

    name: str
    request: dict[str, Any]
    """Body of the request, without places to fetch from."""
    digest: str
    """Digest of every input of the engine's result."""
    layers: dict[str, str]
    """Digests of the computable layers, by media type; used only to name the cause of a drift."""
    modelfile: str
    """The model as a Modelfile's text, for people."""
    blobs: tuple[Blob, ...] = ()
    base: Base | None = None
    num_ctx: int | None = None
    """Its context in tokens, its own or its parent's; None leaves it to the engine."""
    brought: int | None = 0
    """Context that its tag sets where kit.yaml sets none: 0 if the tag sets none too, None if unknown."""
    trained: int | None = None
    """Longest context that it was trained for; None if unknown."""
    is_bare: bool = False
    """True if neither its file nor the spec has a template for a chat."""
    parts: dict[str, str] = field(default_factory=dict)
    """Digests of the request's inputs, part by part; used only to name changes of the spec."""

    @property
    def is_pulled(self) -> bool:
        """Return True if it is a library's tag under its own name: pulled, not created."""
        return self.base is not None and same(self.base.name) == same(self.name)

    @property
    def weight_bytes(self) -> int:
        """Return the size of its files; a model created from another model of the spec has that model's."""
        return sum(blob.size_bytes for blob in self.blobs) + (self.base.size_bytes if self.base else 0)

    @property
    def listed_as(self) -> str:
        """Return its name in its engine's list: a pulled tag keeps the library's spelling."""
        return self.base.name if self.base is not None and self.is_pulled else self.name


def templated(models: tuple[CreatedModel, ...]) -> tuple[CreatedModel, ...]:
    """Return the models whose own template makes their prompts, the lightest first."""
    made = {model.name: model for model in models}
    able = [model for model in models if model.request.get("template") and not _inherited(made, model.name, "renderer")]
    return tuple(sorted(able, key=lambda model: (model.weight_bytes + _above(made, model), model.name)))


def _above(made: dict[str, CreatedModel], model: CreatedModel) -> int:
    base = made.get(model.request.get("from", ""))
    return base.weight_bytes if base is not None and base is not model else 0


def _inherited(made: dict[str, CreatedModel], name: str, key: str) -> object:
    """Return a part of a model's request, its own or inherited."""
    left = dict(made)
    # A tag under its own name is made from itself: each request is looked at once.
    while model := left.pop(name, None):
        if model.request.get(key) is not None:
            return model.request[key]
        name = model.request.get("from", "")
    return None


def upstream_names(models: tuple[CreatedModel, ...]) -> tuple[tuple[str, str], ...]:
    """Return the models that their engine knows under another spelling, each with that spelling."""
    return tuple((model.name, model.listed_as) for model in models if plain(model.listed_as) != plain(model.name))
