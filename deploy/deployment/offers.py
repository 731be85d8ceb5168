"""What one room gives to others: rooms meet through these and never by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deploy.deployment.secrets import Secret
from deploy.deployment.service import Egress

PROTOCOLS = ("openai", "ollama")
"""What engines speak. A protocol's name is never a component's, though one component is called as its protocol is."""


@dataclass(frozen=True)
class Api:
    """An address at which some models can be asked."""

    protocol: str
    """The protocol's name, such as openai; never a component's."""
    url: str
    """Base address inside the stack's networks."""
    models: tuple[str, ...]
    """Model names that it answers to."""
    key: Secret | None
    """The key that it asks for."""
    is_outside: bool = False
    """Whether it can be reached only by leaving the stack's own networks."""
    upstream: tuple[tuple[str, str], ...] = ()
    """Models that it knows under other names, each with that name."""
    engine: str = ""
    """Name of the engine, for what is told of one outside."""
    in_front: bool = False
    """Whether it stands in front of engines and passes on what it is asked."""

    def name_of(self, model: str) -> str:
        """Return the name that it knows a model by."""
        return dict(self.upstream).get(model, model)


@dataclass(frozen=True)
class ChatApi(Api):
    """A service that answers chat requests for some models."""


@dataclass(frozen=True)
class Embeddings(Api):
    """A service that turns text into vectors for some models."""


Offer = ChatApi | Embeddings


def way_out(asked: Egress | None, called: Iterable[Offer]) -> tuple[Egress, str]:
    """Decide whether a service that calls these needs a way out of the stack's networks, and say what for."""
    if asked is not None:
        return asked, "the spec says so" if asked == "any" else ""
    outside = sorted({f"{offer.engine} at {offer.url}" for offer in called if offer.is_outside and offer.models})
    return ("any", f"calls {' and '.join(outside)}") if outside else ("none", "")
