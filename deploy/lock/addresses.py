"""Addresses of a host behind words of `publish`, from the host itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ADDRESSES
from deploy.errors import KitError
from deploy.hosts.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Request

Addresses = dict[str, tuple[str, ...]]
MEANING = {"lan": "no address in a local network", "all": "no address that a service could listen on"}


def host_addresses(words: tuple[str, ...], transport: Transport) -> Addresses:
    """Return the addresses behind words of `publish`; without words, no host is asked."""
    if not words:
        return {}
    nothing: Request = {}
    told = transport.call(ADDRESSES, nothing)["addresses"]
    for word in words:
        if not told.get(word):
            raise KitError(
                f"`publish: {word}`: this machine has {MEANING[word]}",
                "write the address to listen on, one that `ip address` shows, as `publish:` in kit.yaml",
            )
    return {word: tuple(told[word]) for word in words}
