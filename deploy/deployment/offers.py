"""Offers of one room to others: rooms meet through these and never by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deploy.deployment.secrets import Secret
from deploy.deployment.service import Egress


@dataclass(frozen=True)
class Api:
    """An address that answers requests for some models."""

    protocol: str
    """Name of the protocol, such as openai; never a component's."""
    url: str
    """Base address inside the stack's networks."""
    models: tuple[str, ...]
    """Names of the models that it answers for."""
    key: Secret | None
    """Key that it asks for; None without one."""
    is_outside: bool = False
    """True if it can be reached only by leaving the stack's own networks."""
    upstream: tuple[tuple[str, str], ...] = ()
    """Models that it knows under other names, each with that name."""
    engine: str = ""
    """Name of the engine, for messages about an engine outside."""
    in_front: bool = False
    """True if it stands in front of engines and passes questions on."""

    def name_of(self, model: str) -> str:
        """Return its own name of a model."""
        return dict(self.upstream).get(model, model)


@dataclass(frozen=True)
class ChatApi(Api):
    """A service that answers chat requests for some models."""


@dataclass(frozen=True)
class Embeddings(Api):
    """A service that turns text into vectors for some models."""


Offer = ChatApi | Embeddings


def way_out(asked: Egress | None, called: Iterable[Offer]) -> tuple[Egress, str]:
    """Return the way out that a service with these calls needs, and the reason."""
    if asked is not None:
        return asked, "the spec says so" if asked == "any" else ""
    outside = sorted({f"{offer.engine} at {offer.url}" for offer in called if offer.is_outside and offer.models})
    return ("any", f"calls {' and '.join(outside)}") if outside else ("none", "")
