"""Guards: services that stand before the engines of their host that other machines reach."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from deploy.components import room_of
from deploy.components.room import Guarded, Resolved, Site
from deploy.decide.images import image_of
from deploy.deployment.offers import Offer
from deploy.fields.service import ServiceSpec
from deploy.lock.addresses import Addresses, addresses_of
from deploy.lock.model import Lock
from deploy.spec.model import Spec
from deploy.spec.placed import address_of, guards, host_of


def resolved_guards(spec: Spec, lock: Lock, engines: Sequence[Sequence[Offer]]) -> list[Resolved]:
    """Decide the guard of each host, from the offers of each engine."""
    return [
        room_of(guard.spec.kind).resolve(
            guard.spec,
            Site(
                spec.stack,
                image_of(guard.spec, lock),
                name=guard.name,
                guarded=tuple(_guarded(spec, guard.host, engines, addresses_of(lock, guard.host))),
            ),
            (),
        )
        for guard in guards(spec)
    ]


def _guarded(spec: Spec, host: str, engines: Sequence[Sequence[Offer]], addresses: Addresses) -> Iterator[Guarded]:
    for engine, offers in zip(spec.engines, engines, strict=True):
        if isinstance(engine, ServiceSpec) and engine in spec.guarded and host_of(spec, engine) == host:
            opened = Site(spec.stack, None, addresses=addresses).guarded_addresses(engine)
            # Other hosts ask where the control node reaches this one, if the engine is published there.
            ordered = tuple(sorted(opened, key=lambda address: address != address_of(spec, host)))
            yield Guarded(engine.name, tuple(offers), ordered, engine.port_or(engine.traits.default_port))
