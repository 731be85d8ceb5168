"""What one room gives to others: rooms meet through these and never by name."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment import Secret

PROTOCOLS = ("openai", "ollama")
"""What engines speak. A protocol's name is never a component's, though one component is called as its protocol is."""


@dataclass(frozen=True)
class ChatApi:
    """A service that answers chat requests for some models."""

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

    def name_of(self, model: str) -> str:
        """Return the name that it knows a model by."""
        return dict(self.upstream).get(model, model)


@dataclass(frozen=True)
class Embeddings:
    """A service that turns text into vectors for some models."""

    protocol: str
    url: str
    models: tuple[str, ...]
    key: Secret | None
    is_outside: bool = False
    upstream: tuple[tuple[str, str], ...] = ()


Offer = ChatApi | Embeddings
