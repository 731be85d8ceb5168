"""Ports that iptables leads past every listener of the host, as k3s does for its services.

A rule counts as leading elsewhere only if all of its words are known here: one condition more, and another machine may
still reach the stack by that port.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.firewall.kernel import nat_rules
from deploy.agent.firewall.rules import FOUR, SIX

if TYPE_CHECKING:
    from deploy.agent.contract.firewall import Redirect
    from deploy.agent.docker.api import Docker

ANY = {FOUR: "0.0.0.0", SIX: "::"}
LAST_PORT = 65535
TARGETS = ("DNAT", "REDIRECT")
PORTS = ("--dport", "--dports")
KNOWN = {
    "-p": ("tcp",),
    "-m": ("tcp", "multiport", "comment", "addrtype"),
    "-j": ("DNAT",),
    "--dst-type": ("LOCAL",),
    **dict.fromkeys(("-A", "-d", "--comment", "--to-destination", *PORTS)),
}
"""Options of a rule that leads all connections to a port elsewhere, with their values; None for any value."""
FROM_OUTSIDE = ("PREROUTING", "CNI-DN-")
"""Beginnings of the chains through which connections of other machines come: the kernel's own, and those of k3s."""


def redirects(docker: Docker, stack: str, is_own: Callable[[str], bool]) -> list[Redirect]:
    """Return the ports that rules lead elsewhere, to a container of the stack or to an address of the host's own."""
    inside = set(_addresses(docker.containers({"kit.stack": stack})))
    ports: list[Redirect] = []
    for program in (FOUR, SIX):
        # Rules that cannot be read excuse no port.
        with suppress(AgentError):
            ports += _read(nat_rules(program), ANY[program], lambda address: address in inside or is_own(address))
    return ports


def _read(lines: Iterable[str], everywhere: str, is_inside: Callable[[str], bool]) -> Iterator[Redirect]:
    for line in lines:
        # A cluster has thousands of rules, and few of them name a port and a target.
        if any(f" -j {target}" in line for target in TARGETS) and any(f" {option} " in line for option in PORTS):
            with suppress(ValueError, IndexError):
                yield from _redirects(shlex.split(line), everywhere, is_inside)


def _redirects(words: list[str], everywhere: str, is_inside: Callable[[str], bool]) -> list[Redirect]:
    """Return the ports that a rule names; none if it says nothing about connections of other machines."""
    if words[1] == "OUTPUT" or _values(words, "-j")[-1] not in TARGETS or "udp" in _values(words, "-p"):
        return []
    targets = [_target(text) for text in _values(words, "--to-destination")]
    is_elsewhere = bool(targets) and all(target and not is_inside(target) for target in targets)
    if is_elsewhere and not _is_known(words):
        return []
    address = _address(words, everywhere)
    if is_elsewhere and not address:
        return []
    return [
        {"address": address or everywhere, "first": first, "last": last, "is_elsewhere": is_elsewhere}
        for option in PORTS
        for text in _values(words, option)
        for first, last in map(_range, text.split(","))
    ]


def _is_known(words: list[str]) -> bool:
    """Return True for a rule without any condition but the address and the port."""
    pairs = list(zip(words[::2], words[1::2]))
    are_known = all(option in KNOWN and value in (KNOWN[option] or (value,)) for option, value in pairs)
    return len(words) % 2 == 0 and are_known and words[1].startswith(FROM_OUTSIDE)


def _address(words: list[str], everywhere: str) -> str:
    """Return the address of the host that a rule is about, or the one that stands for all; empty for several."""
    if "-d" not in words:
        return everywhere
    network = ip_network(_values(words, "-d")[0], strict=False)
    is_one = network.num_addresses == 1 and words[words.index("-d") - 1] != "!"
    return str(network.network_address) if is_one else ""


def _target(text: str) -> str:
    """Return the address of ADDRESS, ADDRESS:PORT or [ADDRESS]:PORT; empty for anything else, as a range."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    for address in (bare, bare.partition(":")[0]):
        with suppress(ValueError):
            return str(ip_address(address))
    return ""


def _range(text: str) -> tuple[int, int]:
    first, mark, last = text.partition(":")
    return int(first), int(last or LAST_PORT) if mark else int(first)


def _values(words: list[str], option: str) -> list[str]:
    return [value for name, value in zip(words, words[1:]) if name == option]


def _addresses(containers: Iterable[dict[str, Any]]) -> Iterator[str]:
    for container in containers:
        for network in (container["NetworkSettings"]["Networks"] or {}).values():
            yield from filter(None, (network.get("IPAddress"), network.get("GlobalIPv6Address")))
