"""Decisions about the edge: a listener for each engine behind it, with one key for all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from deploy.components.edge.artifacts import CONFIG_PATH, HEALTH_PATH, KEY_VARIABLE, Listener, caddyfile
from deploy.components.edge.spec import Edge
from deploy.components.probes import busybox_probe, http_probe
from deploy.components.room import Guarded, Resolved, Site, owner_of
from deploy.deployment.offers import Offer
from deploy.deployment.port import Port
from deploy.deployment.secrets import Secret, SecretUse
from deploy.deployment.service import Capability, Service, Tmpfs

UID = 10105
FIRST_PORT = 8100
LOW_PORTS = Capability(
    "NET_BIND_SERVICE", "the program's file in the official image names it, and starts only where it can be had"
)
ENVIRONMENT = (
    # Caddy writes its state there, and is given none to keep.
    ("HOME", "/tmp"),
    ("XDG_CONFIG_HOME", "/tmp"),
    ("XDG_DATA_HOME", "/tmp"),
)


def resolve(spec: Edge, site: Site, _offers: tuple[Offer, ...]) -> Resolved:
    """Decide the edge's container, and the engines' offers as other machines see them."""
    key = Secret(
        name=f"{site.name}_api_key",
        owner=site.name,
        shown_as="key for programs on other machines that call an engine",
        reference=spec.key or "",
    )
    is_pulled = site.image.source == "pull"
    opened = tuple(_opened(spec, site))
    listeners = tuple(listener for listener, _ in opened)
    service = Service(
        name=site.name,
        kind=spec.kind,
        image=site.image,
        argv=("caddy", "run", "--config", CONFIG_PATH, "--adapter", "caddyfile"),
        owner=owner_of(spec, UID),
        environment=ENVIRONMENT,
        artifacts=(caddyfile(listeners, takes_x_api_key=spec.x_api_key),),
        secrets=(SecretUse(key, KEY_VARIABLE),),
        ports=tuple(port for _, ports in opened for port in ports),
        tmpfs=(Tmpfs("/tmp", 16 * 2**20),),
        memory_bytes=spec.memory or 256 * 2**20,
        capabilities=(LOW_PORTS,) if is_pulled else (),
        probe=(busybox_probe if is_pulled else http_probe)(FIRST_PORT, HEALTH_PATH, 30),
        health_timeout_seconds=spec.health_timeout,
        facts={
            "key": key.name,
            **({"x_api_key": True} if spec.x_api_key else {}),
            "listeners": [
                {"port": listener.port, "engine": listener.engine, "peers": list(listener.peers)}
                for listener in listeners
            ],
        },
    )
    return Resolved(service, (), tuple(offer for each in site.guarded for offer in _beyond(each, key)))


def _opened(spec: Edge, site: Site) -> Iterator[tuple[Listener, list[Port]]]:
    """Yield each listener with its published ports.

    Docker passes connections to an address of IPv6 on by a process of its own, so all of them seem to come from the
    host: there, nobody is a peer.
    """
    number = FIRST_PORT
    for guarded in site.guarded:
        for is_told_apart in (True, False):
            addresses = [address for address in guarded.addresses if (":" not in address) == is_told_apart]
            if addresses:
                peers = spec.peers if is_told_apart else ()
                listener = Listener(number, guarded.engine, guarded.inside.place, peers)
                yield listener, [Port(address, guarded.host_port, number) for address in addresses]
                number += 1


def _beyond(guarded: Guarded, key: Secret) -> Iterator[Offer]:
    """Yield the offers of an engine as other machines reach them."""
    address = guarded.inside.published(Port(guarded.addresses[0], guarded.host_port, guarded.inside.port))
    for offer in guarded.offers:
        yield replace(offer, address=address, key=key, engine=guarded.engine)
