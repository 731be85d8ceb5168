"""APIs of a deployment's models for programs, with their real addresses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address
from urllib.parse import urlsplit

from deploy.components import room_of
from deploy.components.room import CauseOf, Resolved
from deploy.decide.view import published
from deploy.deployment.offers import ChatApi, Embeddings, Offer
from deploy.deployment.secrets import Secret
from deploy.spec.aliases import aliases_of
from deploy.spec.model import Spec
from deploy.spec.placed import guards, host_of


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


def doors(spec: Spec, parts: Sequence[Resolved]) -> tuple[Door, ...]:
    """Return every API of a stack, the gateway first."""
    engines = [(engine.name, host_of(spec, engine), part) for engine, part in zip(spec.engines, parts, strict=False)]
    fronts = [(spec.gateway.kind, host_of(spec, spec.gateway), parts[len(engines)])] if spec.gateway else []
    aliases = aliases_of(spec)
    names = (*_model_names(spec), *aliases)
    behind = tuple((name, _engines_of(spec, aliases.get(name, name))) for name in names)
    managed = tuple(name for name, _, part in engines if part.own_service is not None)
    gateways = [
        replace(door, behind=behind, managed=managed, cause_of=room_of(name).cause_of)
        for name, host, part in fronts
        for door in _doors(name, host, part, is_gateway=True)
    ]
    behind_them = (door for name, host, part in engines for door in _doors(name, host, part, is_gateway=False))
    return (*gateways, *behind_them)


def guard_doors(spec: Spec, parts: Sequence[Resolved]) -> tuple[Door, ...]:
    """Return the API of each engine that other machines reach through a guard."""
    before = guards(spec)
    return tuple(
        replace(door, is_guard=True)
        for guard, part in zip(before, parts[len(parts) - len(before) :], strict=True)
        for door in _beyond(guard.host, part.offers)
    )


def _model_names(spec: Spec) -> tuple[str, ...]:
    return tuple(dict.fromkeys(model.name for model in spec.models))


def _engines_of(spec: Spec, model: str) -> tuple[str, ...]:
    return tuple(each.engine for each in spec.models if each.name == model)


def _beyond(host: str, offers: Sequence[Offer]) -> Iterator[Door]:
    for offer in offers:
        if isinstance(offer, ChatApi):
            vectors = tuple(
                model
                for other in offers
                if isinstance(other, Embeddings) and other.url == offer.url
                for model in other.models
            )
            yield Door(
                name=offer.engine,
                host=host,
                protocol=offer.protocol,
                url=offer.url,
                models=offer.models,
                key=offer.key,
                embeddings=vectors,
                upstream=offer.upstream,
            )


def _doors(name: str, host: str, part: Resolved, *, is_gateway: bool) -> Iterator[Door]:
    embeddings = tuple(model for offer in part.offers if isinstance(offer, Embeddings) for model in offer.models)
    for offer in part.offers:
        if isinstance(offer, ChatApi):
            seen = offer if part.own_service is None else published(offer, part.own_service)
            yield Door(
                name=name,
                host=host,
                protocol=offer.protocol,
                url=seen.url,
                models=offer.models,
                key=offer.key,
                is_gateway=is_gateway,
                is_managed=part.own_service is not None,
                embeddings=embeddings,
                upstream=offer.upstream,
            )
