"""Addresses of a host behind words of `publish`, from the host itself."""

from __future__ import annotations

from deploy.errors import KitError
from deploy.hosts.transport import Transport

Addresses = dict[str, tuple[str, ...]]
MEANING = {"lan": "no address in a local network", "all": "no address that a service could listen on"}


def host_addresses(words: tuple[str, ...], transport: Transport) -> Addresses:
    """Return the addresses behind words of `publish`; without words, no host is asked."""
    if not words:
        return {}
    told = transport.call("addresses", {"format": 1})["addresses"]
    for word in words:
        if not told.get(word):
            raise KitError(
                f"`publish: {word}`: this machine has {MEANING[word]}",
                "write the address to listen on, one that `ip address` shows, as `publish:` in kit.yaml",
            )
    return {word: tuple(told[word]) for word in words}
