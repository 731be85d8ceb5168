"""Rules for a stack's networks, each by the name of its bridge. Pure.

A rule names a bridge, whose name Docker gives to no other network. A rule that is left over therefore drops nothing.
The table `mangle` is nobody else's: Docker and ufw fill only others, and its chain FORWARD knows the bridge.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from deploy.agent.kit_folders import project_of

TABLE, CHAIN = "mangle", "FORWARD"
FOUR, SIX = "iptables", "ip6tables"
LOOPBACK = {FOUR: "127.0.0.0/8", SIX: "::1"}
WINDOWS = "loopback0"
"""Interface by which Windows reaches 127.0.0.1 of WSL, where both share their network."""
BRIDGE_NAME = "com.docker.network.bridge.name"


class Rule(NamedTuple):
    """A rule for one network."""

    program: str
    """The program that places it, for IPv4 or for IPv6."""
    words: tuple[str, ...]
    network: str


def bridge_of(network: dict[str, Any]) -> str:
    """Return the name of a network's interface on the host."""
    return str((network.get("Options") or {}).get(BRIDGE_NAME) or f"br-{network['Id'][:12]}")


def rules_of(stack: str, networks: Iterable[dict[str, Any]]) -> list[Rule]:
    """Return the rules for a stack's networks as Docker lists them."""
    return [rule for network in networks for rule in _rules(stack, network)]


def _rules(stack: str, network: dict[str, Any]) -> Iterator[Rule]:
    bridge = bridge_of(network)
    end = ("-m", "comment", "--comment", project_of(stack), "-j", "DROP")
    for program in (FOUR, SIX) if network.get("EnableIPv6") else (FOUR,):
        # A packet to a published port has another destination by now, and an answer belongs to a known connection.
        answers = ("-m", "conntrack", "!", "--ctstate", "DNAT,ESTABLISHED,RELATED")
        yield Rule(program, ("!", "-i", bridge, "-o", bridge, *answers, *end), network["Name"])
        # No packet of the host's own comes by here: this one was sent to 127.0.0.1 from outside.
        sent_to = ("-m", "conntrack", "--ctorigdst", LOOPBACK[program])
        yield Rule(program, ("!", "-i", WINDOWS, "-o", bridge, *sent_to, *end), network["Name"])


def is_of(line: str, stack: str) -> bool:
    """Return True if a line of `iptables -S` is a rule of this stack."""
    words = shlex.split(line)
    return words[:2] == ["-A", CHAIN] and project_of(stack) in [
        value for name, value in zip(words, words[1:]) if name == "--comment"
    ]


def is_same(line: str, rule: Rule) -> bool:
    """Compare a line of `iptables -S` with a rule; each version prints the words in an order of its own."""
    return _sorted(shlex.split(line)[2:]) == _sorted(rule.words)


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(",".join(sorted(word.split(","))) for word in words)
