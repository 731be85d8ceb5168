"""What one room gives to others: rooms meet through these and never by name."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment import Secret


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


@dataclass(frozen=True)
class Embeddings:
    """A service that turns text into vectors for some models."""

    protocol: str
    url: str
    models: tuple[str, ...]
    key: Secret | None


Offer = ChatApi | Embeddings
