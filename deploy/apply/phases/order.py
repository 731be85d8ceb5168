"""The order of hosts in an apply: a host comes after the hosts whose offers it uses. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TypeAlias

Needs: TypeAlias = Mapping[str, Collection[str]]
"""Other hosts by host: its services use their offers."""


def waves_of(hosts: Collection[str], needs: Needs) -> tuple[tuple[str, ...], ...]:
    """Return the hosts in groups, each after the groups that it needs.

    Hosts that need one another, such as an engine's whose web page uses a gateway elsewhere, are one group.
    """
    needed = {host: _all_needed(host, needs) for host in hosts}
    left, waves = list(hosts), list[tuple[str, ...]]()
    while left:
        wave = tuple(host for host in left if _is_next(host, left, needed))
        waves.append(wave)
        left = [host for host in left if host not in wave]
    return tuple(waves)


def dependents_of(gone: Collection[str], hosts: Collection[str], needs: Needs) -> tuple[str, ...]:
    """Return the hosts that depend on failed hosts."""
    return tuple(host for host in hosts if host not in gone and not _all_needed(host, needs).isdisjoint(gone))


def _is_next(host: str, left: Collection[str], needed: Mapping[str, set[str]]) -> bool:
    return all(host in needed[other] for other in needed[host] if other in left and other != host)


def _all_needed(host: str, needs: Needs) -> set[str]:
    """Return the hosts that a host depends on, directly or not."""
    seen, waiting = set[str](), [*needs.get(host, ())]
    while waiting:
        other = waiting.pop()
        if other not in seen:
            seen.add(other)
            waiting += needs.get(other, ())
    return seen
