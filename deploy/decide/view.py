"""Offers from the point of view of their users: services of a host, and programs outside the stack."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TypeVar

from deploy.decide.part import Part
from deploy.deployment.offers import Api, Inside, Offer
from deploy.deployment.service import Service
from deploy.fields.addresses import hostname_of, is_loopback

SomeOffer = TypeVar("SomeOffer", bound=Api)


@dataclass(frozen=True)
class Offered:
    """An offer and the host whose networks it is made in."""

    host: str
    offer: Offer
    is_for_others: bool = False
    """True for an address of the host that services of other hosts use; its own ones have a shorter way."""


def offered_by(engines: Iterable[Part], guards: Iterable[Part], fronts: Iterable[Part]) -> list[Offered]:
    """Return the offers that are there for the next service in front, in the order of their use.

    A guard's offers are its engines' ones for other hosts.
    """
    offered = [each for engine in engines for each in _offers_of(engine)]
    offered += [Offered(guard.host, offer, is_for_others=True) for guard in guards for offer in guard.resolved.offers]
    return [*offered, *(each for front in fronts for each in _offers_of(front))]


def seen_from(host: str, offered: Iterable[Offered]) -> tuple[Offered, ...]:
    """Return the offers that services of a host can use, as they reach them.

    A stack's networks end at their host, so another host's service is seen where it is published, or where a guard
    opens it. An address outside the stack is the same for all hosts, but for a loopback one.
    """
    return tuple(each for each in offered if _is_seen(each, host))


def published(offer: SomeOffer, service: Service, address: str = "") -> SomeOffer:
    """Return an offer of a service as programs reach it: at a port of the host, by preference at an address."""
    inside = offer.address
    if not isinstance(inside, Inside):
        return offer
    ports = [port for port in service.told_ports if port.container_port == inside.port]
    port = next((port for port in ports if port.address == address), ports[0])
    return replace(offer, address=inside.published(port), engine=service.name)


def _is_seen(offered: Offered, host: str) -> bool:
    if offered.host == host:
        return not offered.is_for_others
    return _is_anywhere(offered.offer)


def _is_anywhere(offer: Offer) -> bool:
    """Return True if an offer has the same address on every host."""
    return offer.is_outside and not is_loopback(hostname_of(offer.url))


def _offers_of(part: Part) -> list[Offered]:
    """Return the offers of a part: inside its host, and for other hosts where its ports are published beyond it.

    Other hosts ask at the address by which the control node reaches the host, if the part is published there.
    """
    service = part.resolved.own_service
    offers = [Offered(part.host, offer) for offer in part.resolved.offers]
    if service is not None and any(port.is_open for port in service.ports):
        beyond = [published(offer, service, part.address) for offer in part.resolved.offers]
        offers += [Offered(part.host, offer, is_for_others=True) for offer in beyond]
    return offers
