"""Offers of one room to others: rooms meet through these and never by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from deploy.deployment.port import Port
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Egress


@dataclass(frozen=True)
class Outside:
    """An address that is reached only by leaving the stack's own networks."""

    url: str


@dataclass(frozen=True)
class Inside:
    """An address in the stack's own networks: a port of a container."""

    service: str
    port: int
    path: str = ""

    @property
    def place(self) -> str:
        """Return the service and port as they are written together."""
        return f"{self.service}:{self.port}"

    @property
    def url(self) -> str:
        """Return the base address."""
        return f"http://{self.place}{self.path}"

    def published(self, port: Port) -> Outside:
        """Return the same API at a port of the host."""
        return Outside(f"http://{port.place}{self.path}")


@dataclass(frozen=True)
class Api:
    """An address that answers requests for some models."""

    protocol: str
    """Name of the protocol, such as openai; never a component's."""
    address: Inside | Outside
    models: tuple[str, ...]
    """Names of the models that it answers for."""
    key: Secret | None
    """Key that it asks for; None without one."""
    upstream: tuple[tuple[str, str], ...] = ()
    """Models that it knows under other names, each with that name."""
    engine: str = ""
    """Name of the engine, for messages about an engine outside."""
    in_front: bool = False
    """True if it stands in front of engines and passes questions on."""

    @property
    def url(self) -> str:
        """Return the base address."""
        return self.address.url

    @property
    def is_outside(self) -> bool:
        """Return True if it can be reached only by leaving the stack's own networks."""
        return isinstance(self.address, Outside)

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
