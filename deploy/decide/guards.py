"""Guards: services that stand before the engines of their host that other machines reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.components import room_of
from deploy.components.room import Guarded, Site
from deploy.decide.images import image_of
from deploy.decide.part import Part
from deploy.deployment.offers import Inside
from deploy.fields.service import ServiceSpec
from deploy.lock.addresses import Addresses, addresses_of
from deploy.lock.model import Lock
from deploy.spec.model import Spec
from deploy.spec.placed import Guard, address_of, guards


def resolved_guards(spec: Spec, lock: Lock, engines: Sequence[Part]) -> tuple[Part, ...]:
    """Decide the guard of each host, from the offers of its engines."""
    return tuple(_resolved(spec, lock, guard, engines) for guard in guards(spec))


def _resolved(spec: Spec, lock: Lock, guard: Guard, engines: Sequence[Part]) -> Part:
    guarded = tuple(_guarded(spec, guard.host, engines, addresses_of(lock, guard.host)))
    site = Site(spec.stack, image_of(spec, guard.spec, lock), name=guard.name, guarded=guarded)
    decided = room_of(guard.spec.kind).resolve(guard.spec, site, ())
    return Part(guard.name, guard.host, address_of(spec, guard.host), decided)


def _guarded(spec: Spec, host: str, engines: Sequence[Part], addresses: Addresses) -> Iterator[Guarded]:
    for engine, part in zip(spec.engines, engines, strict=True):
        if isinstance(engine, ServiceSpec) and engine in spec.guarded and part.host == host:
            opened = Site(spec.stack, None, addresses=addresses).guarded_addresses(engine)
            # Other hosts ask where the control node reaches this one, if the engine is published there.
            ordered = tuple(sorted(opened, key=lambda address: address != part.address))
            offers = part.resolved.offers
            inside = next(offer.address for offer in offers if isinstance(offer.address, Inside))
            yield Guarded(engine.name, inside, offers, ordered, engine.port_or(engine.traits.default_port))
