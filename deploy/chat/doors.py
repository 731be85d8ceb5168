"""APIs of a deployment's models for programs, with their real addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from deploy.components import room_of
from deploy.components.room import CauseOf
from deploy.decide.part import Part, Parts
from deploy.decide.view import published
from deploy.deployment.offers import ChatApi, Embeddings, Offer
from deploy.deployment.secrets import Secret
from deploy.spec.aliases import aliases_of
from deploy.spec.model import Spec


@dataclass(frozen=True)
class Door:
    """An API that answers chat requests."""

    name: str
    """Name of the service, or of an engine that the kit does not run."""
    host: str
    """Host that reaches it, and that has its key."""
    protocol: str
    url: str
    """Base address from its host."""
    models: tuple[str, ...]
    key: Secret | None
    is_gateway: bool = False
    is_guard: bool = False
    """True for the address at which other machines reach an engine; its host asks the engine itself."""
    is_managed: bool = True
    """True if the kit runs it."""
    embeddings: tuple[str, ...] = ()
    """Models that are used for embeddings."""
    upstream: tuple[tuple[str, str], ...] = ()
    behind: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Model to the engines behind it, for a gateway."""
    managed: tuple[str, ...] = ()
    """Engines behind a gateway that the kit runs."""
    cause_of: CauseOf | None = None
    """Reader of a gateway's refusals."""

    @property
    def is_local(self) -> bool:
        """Return True if it is reachable from its host alone."""
        host = urlsplit(self.url).hostname or ""
        try:
            return ip_address(host).is_loopback
        except ValueError:
            return host == "localhost"

    def name_of(self, model: str) -> str:
        """Return its own name of a model."""
        return dict(self.upstream).get(model, model)


def doors(spec: Spec, parts: Parts) -> tuple[Door, ...]:
    """Return every API of a stack, the gateway first."""
    aliases = aliases_of(spec)
    names = (*_model_names(spec), *aliases)
    behind = tuple((name, _engines_of(spec, aliases.get(name, name))) for name in names)
    managed = tuple(engine.name for engine in parts.engines if engine.is_managed)
    gateways = [
        replace(door, is_gateway=True, behind=behind, managed=managed, cause_of=room_of(part.name).cause_of)
        for part in parts.fronts
        if spec.gateway is not None and part.name == spec.gateway.kind
        for door in _doors_of(part)
    ]
    return (*gateways, *(door for part in parts.engines for door in _doors_of(part)))


def guard_doors(parts: Parts) -> tuple[Door, ...]:
    """Return the API of each engine that other machines reach through a guard."""
    return tuple(door for guard in parts.guards for door in _doors(guard, guard.resolved.offers, is_guard=True))


def _model_names(spec: Spec) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model.name for model in spec.models))


def _engines_of(spec: Spec, model: str) -> tuple[str, ...]:
    return tuple(each.engine for each in spec.models if each.name == model)


def _doors_of(part: Part) -> Iterator[Door]:
    """Return the APIs of a part as programs beside the stack reach them."""
    service, offers = part.resolved.own_service, part.resolved.offers
    return _doors(part, offers if service is None else tuple(published(offer, service) for offer in offers))


def _doors(part: Part, offers: tuple[Offer, ...], *, is_guard: bool = False) -> Iterator[Door]:
    for chat in offers:
        if isinstance(chat, ChatApi):
            yield Door(
                name=chat.engine if is_guard else part.name,
                host=part.host,
                protocol=chat.protocol,
                url=chat.url,
                models=chat.models,
                key=chat.key,
                is_guard=is_guard,
                is_managed=part.is_managed,
                embeddings=tuple(_vectors(chat, offers)),
                upstream=chat.upstream,
            )


def _vectors(chat: ChatApi, offers: Iterable[Offer]) -> Iterator[str]:
    """Yield the models that are used for embeddings at the address of a chat."""
    for offer in offers:
        if isinstance(offer, Embeddings) and offer.address == chat.address:
            yield from offer.models
