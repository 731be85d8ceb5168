"""Applies that ended between their hosts: where a failure of the next one leads each host. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.hosts.observation.observe import Observation

if TYPE_CHECKING:
    from deploy.agent.contract.releases import BackTo
    from deploy.agent.contract.way_back import Unsettled


@dataclass(frozen=True)
class WayBack:
    """Target of a host's rollback."""

    hosts: tuple[str, ...] = ()
    """Hosts that get a release in this apply."""
    back_to: BackTo = ""
    is_cut: bool = False
    """True if the host runs a release that an earlier apply did not bring to all its hosts, and can leave it."""


def ways_back(seen: Mapping[str, Observation], hosts: tuple[str, ...] = ()) -> dict[str, WayBack]:
    """Return the way back of each host, so that all hosts go back to the same state of the stack.

    A release that some host never got is no state to stay in: a failure leads to the release before it. One that all
    hosts run is kept, unless all can still leave it without loss of data.

    Args:
        seen: Observations of all hosts that answer.
        hosts: Hosts that get a release in this apply.
    """
    return {host: _way_back(host, each.unsettled, seen, hosts) for host, each in seen.items()}


def _way_back(
    host: str, unsettled: Unsettled | None, seen: Mapping[str, Observation], hosts: tuple[str, ...]
) -> WayBack:
    if unsettled is None:
        return WayBack(hosts)
    run, of_run = unsettled["run"], [seen.get(name) for name in unsettled["hosts"] or [host]]
    is_cut = not run or any(each is None or each.converged_by != run for each in of_run)
    costs_nothing = all(each and each.unsettled and _is_free(each.unsettled, run) for each in of_run)
    back_to: BackTo = "before" if is_cut or costs_nothing else "current"
    return WayBack(hosts, back_to, is_cut and unsettled["before"] is not None)


def _is_free(unsettled: Unsettled, run: str) -> bool:
    """Return True if a host can leave the release of a run without loss of data."""
    return unsettled["run"] == run and not unsettled["costs_data"]
