"""Addresses of hosts behind words of `publish`, from the hosts themselves; an entry of kit.lock for each.

An entry is `lan` for this machine, and `HOST/lan` for another host.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ADDRESSES
from deploy.errors import KitError
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import Transport
from deploy.spec.model import Spec
from deploy.spec.placed import services
from deploy.stack import HERE
from deploy.words import host_words, on_host

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request
    from deploy.lock.model import Lock

Addresses = dict[str, tuple[str, ...]]
MEANING = {"lan": "no address in a local network", "all": "no address that a service could listen on"}


def entries_of(spec: Spec) -> dict[str, tuple[str, str]]:
    """Return the entries that a spec needs, each with its host and its word."""
    used = {(service.host, place) for service in services(spec) for place in service.spec.places}
    hosts = dict.fromkeys(service.host for service in services(spec))
    pairs = [(host, word) for host in hosts for word in spec.address_words if (host, word) in used]
    return {word if host == HERE else f"{host}/{word}": (host, word) for host, word in pairs}


def addresses_of(lock: Lock, host: str) -> Addresses:
    """Return the locked addresses of one host by the word of `publish`."""
    split = [(entry.rpartition("/"), addresses) for entry, addresses in lock.addresses.items()]
    return {word: addresses for (owner, _, word), addresses in split if (owner or HERE) == host}


def asked_addresses(spec: Spec, kept: Addresses, hosts: Hosts) -> Addresses:
    """Ask for the addresses of entries that are not kept; a host without such an entry is not asked."""
    missing = {entry: pair for entry, pair in entries_of(spec).items() if entry not in kept}
    words = {host: tuple(word for owner, word in missing.values() if owner == host) for host in hosts}
    told = hosts.each(lambda host, transport: host_addresses(words[host], transport, host))
    return {entry: told[host][word] for entry, (host, word) in missing.items()}


def host_addresses(words: tuple[str, ...], transport: Transport, host: str = HERE) -> Addresses:
    """Return the addresses behind words of `publish`; without words, the host is not asked."""
    if not words:
        return {}
    nothing: Request = {}
    told = transport.call(ADDRESSES, nothing)["addresses"]
    for word in words:
        if not told.get(word):
            raise KitError(
                f"`publish: {word}`: {host_words(host)} has {MEANING[word]}",
                f"write the address to listen on as `publish:` in kit.yaml, one that `ip address` shows{on_host(host)}",
            )
    return {word: tuple(told[word]) for word in words}
