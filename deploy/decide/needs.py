"""Dependencies between hosts: services of one use offers of the other. Pure."""

from __future__ import annotations

from deploy.decide.part import Parts
from deploy.decide.view import offered_by, seen_from
from deploy.spec.model import Spec
from deploy.spec.placed import hosts_in


def needs_of(spec: Spec, parts: Parts) -> dict[str, frozenset[str]]:
    """Return for each host the other hosts whose offers its services use.

    An engine that the kit does not run needs none of the hosts that ask it.
    """
    engines = [engine for engine in parts.engines if engine.is_managed]
    needs: dict[str, set[str]] = {host: set() for host in hosts_in(spec)}
    for number, front in enumerate(parts.fronts):
        offered = offered_by(engines, parts.guards, parts.fronts[:number])
        needs[front.host] |= {
            each.host for each in offered if each.host != front.host and seen_from(front.host, [each])
        }
    return {host: frozenset(others) for host, others in needs.items()}
