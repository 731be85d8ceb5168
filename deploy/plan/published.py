"""Addresses that services are published on: those that a host lacks or has gained, and their reach."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from ipaddress import ip_address

from deploy.agent.line import Line
from deploy.agent.nonlocal_binding import SETTINGS
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation
from deploy.words import host_words, on_host

Refusal = tuple[str, str]


def address_refusals(deployment: Deployment, observation: Observation) -> Iterator[Refusal]:
    """Yield each address to publish on that the host does not have."""
    host = host_words(observation.host)
    for service in deployment.services:
        for port in service.ports:
            if port.address in observation.network.strange:
                wrong = f"{service.name} is to be published on {port.address}, which {host} does not have"
                word = _word_of(deployment, service, port.address)
                yield (
                    wrong,
                    f"`{Line('lock', '--upgrade', word)}` takes the addresses that `publish: {word}` means now"
                    if word is not None and observation.network.addresses.get(word)
                    else f"write one that `ip address` shows{on_host(observation.host)} as its `publish:` in kit.yaml",
                )


def _word_of(deployment: Deployment, service: Service, address: str) -> str | None:
    """Return the word of `publish` behind an address: it publishes on all its addresses."""
    own = {port.address for port in service.ports}
    words = (word for word, locked in deployment.addresses if address in locked and own.issuperset(_beyond(locked)))
    return next(words, None)


def _beyond(addresses: Iterable[str]) -> set[str]:
    """Return the addresses that other machines reach; a guard publishes an engine on these alone."""
    return {address for address in addresses if not ip_address(address).is_loopback}


def late_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the kernel's settings that let services listen on addresses that come after Docker at a boot."""
    late, wanted = observation.network.late, late_settings(deployment, observation)
    for name, addresses in _late(deployment).items():
        if name in wanted and not (name in late["written"] and name in late["live"]):
            cause = f"{_joined(addresses)} may come after Docker at a boot"
            yield Operation(f"kernel setting {name}", "set", cause, "addresses")
        elif not addresses and name in late.get("written", ()):
            yield Operation(f"kernel setting {name}", "remove", "no published address needs it", "addresses")


def late_settings(deployment: Deployment, observation: Observation) -> list[str]:
    """Return the kernel's settings that published addresses need, as far as the host can set them."""
    settable = observation.network.late.get("settable", ())
    return [name for name, addresses in _late(deployment).items() if addresses and name in settable]


def _late(deployment: Deployment) -> dict[str, list[str]]:
    opened = {port.address for service in deployment.services for port in service.ports if port.is_open}
    return {name: sorted(address for address in opened if (":" in address) == ("ipv6" in name)) for name in SETTINGS}


def published_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the reach of published ports, and surprises about it."""
    host = host_words(observation.host)
    every = next((_beyond(addresses) for word, addresses in deployment.addresses if word == "all"), None)
    for service in deployment.services:
        opened = _opened(service)
        if every is not None and every <= {port.address for port in service.ports}:
            yield f"{service.name} is open to everybody who reaches {host}: {_joined(opened)}"
        elif len(opened) > 1:
            yield f"{service.name} is open to the networks of {_joined(opened)}"
        elif opened and _is_by_word(deployment, service):
            yield f"{service.name} is open to the network of {_joined(opened)}"
    yield from moved_addresses(deployment, observation)
    for name, addresses in _late(deployment).items():
        if addresses and observation.network.late and name not in observation.network.late["settable"]:
            yield (
                f"{_joined(addresses)} must be there before Docker at each boot: {name} cannot be set on {host},"
                f" and `{Line('start')}` starts what waited in vain"
            )
    yield from _past_ufw(deployment, observation)


def _is_by_word(deployment: Deployment, service: Service) -> bool:
    """Return True if the address comes from a word of `publish`: kit.yaml does not show it."""
    return any(_word_of(deployment, service, port.address) for port in service.ports if port.is_open)


def _opened(service: Service) -> list[str]:
    return [port.place for port in service.ports if port.is_open]


def _joined(places: list[str]) -> str:
    return ", ".join(places)


def moved_addresses(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the differences between the host's addresses and those in kit.lock."""
    for word, locked in deployment.addresses:
        now = observation.network.addresses.get(word, ())
        # A host whose agent cannot tell says none at all.
        if now and set(now) != set(locked):
            changes = [
                *(f"{address} is new" for address in now if address not in locked),
                *(f"{address} is gone" for address in locked if address not in now),
            ]
            host, line = host_words(observation.host), Line("lock", "--upgrade", word)
            yield f"kit.lock has other addresses of {host}: {_joined(changes)}; `{line}` takes them"


def _past_ufw(deployment: Deployment, observation: Observation) -> Iterator[str]:
    if not observation.network.has_ufw:
        return
    # Docker answers for IPv6 by a process of the host, which ufw's rules do hold for.
    places = [
        f"{service.name} on {port.place}"
        for service in deployment.services
        for port in service.ports
        if port.is_open and ":" not in port.address
    ]
    if places:
        yield (
            f"ufw is on, and Docker publishes ports past its rules: {_joined(places)} is open whatever ufw says; a rule"
            " in the chain DOCKER-USER holds for it, and `publish: local` closes it"
        )
