"""Dependencies between hosts: services of one use offers of the other. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.components.room import Resolved
from deploy.decide.resolve import hosts_of_parts
from deploy.decide.view import Offered, offered_by, seen_from
from deploy.spec.model import Spec
from deploy.spec.placed import guards, hosts_in


def needs_of(spec: Spec, resolved: Sequence[Resolved]) -> dict[str, frozenset[str]]:
    """Return for each host the other hosts whose offers its services use.

    An engine that the kit does not run needs none of the hosts that ask it.
    """
    placed = list(zip(hosts_of_parts(spec), resolved, strict=True))
    engines, guarding = placed[: len(spec.engines)], placed[len(placed) - len(guards(spec)) :]
    offered = [each for host, part in engines if part.own_service is not None for each in offered_by(host, part)]
    offered += [Offered(host, offer, is_for_others=True) for host, part in guarding for offer in part.offers]
    needs: dict[str, set[str]] = {host: set() for host in hosts_in(spec)}
    for host, front in placed[len(engines) : len(placed) - len(guarding)]:
        needs[host] |= {each.host for each in offered if each.host != host and seen_from(host, [each])}
        offered += offered_by(host, front)
    return {host: frozenset(others) for host, others in needs.items()}
