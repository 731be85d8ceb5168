"""The direction of a failure for the hosts of an apply that did not end."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.agent.contract.way_back import Unsettled
from deploy.apply.prepared.unsettled import WayBack, ways_back
from deploy.decide.desired import Share
from deploy.hosts.observation.observe import Observation, read_observation
from tests.golden.hosts import settled

RUN = "run-1"


@pytest.fixture
def idle(share: Share) -> Observation:
    """A host whose last apply has ended."""
    return replace(read_observation(settled(share)), converged_by="run-0")


def changed(
    idle: Observation, *hosts: str, run: str = RUN, before: str | None = "0", costs: bool = False
) -> Observation:
    """A host that runs a release of a run, and has not settled."""
    seen: Unsettled = {"run": run, "hosts": list(hosts), "before": before, "costs_data": costs}
    return replace(idle, converged_by=run, unsettled=seen)


def decided(**seen: Observation) -> dict[str, tuple[str, bool]]:
    return {host: (way.back_to, way.is_cut) for host, way in ways_back(seen).items()}


def test_hosts_of_an_apply_that_ended_choose_for_themselves(idle: Observation) -> None:
    assert ways_back({"a": idle}, ("a", "b")) == {"a": WayBack(("a", "b"))}


def test_a_release_that_some_host_never_got_is_left(idle: Observation) -> None:
    assert decided(a=changed(idle, "a", "b", costs=True), b=idle) == {"a": ("before", True), "b": ("", False)}


def test_a_host_that_does_not_answer_counts_as_one_that_never_got_it(idle: Observation) -> None:
    assert decided(a=changed(idle, "a", "b")) == {"a": ("before", True)}


def test_an_interrupted_change_is_left(idle: Observation) -> None:
    assert decided(here=changed(idle, run="")) == {"here": ("before", True)}


def test_a_first_release_has_none_before_it(idle: Observation) -> None:
    assert decided(a=changed(idle, "a", "b", before=None), b=idle)["a"] == ("before", False)


def test_a_release_that_all_hosts_run_is_left_together_or_by_none(idle: Observation) -> None:
    free, costly = changed(idle, "a", "b"), changed(idle, "a", "b", costs=True)
    assert decided(a=free, b=free) == {"a": ("before", False), "b": ("before", False)}
    assert decided(a=free, b=costly) == {"a": ("current", False), "b": ("current", False)}


def test_where_one_host_has_settled_the_others_stay_as_well(idle: Observation) -> None:
    done = replace(idle, converged_by=RUN)
    assert decided(a=done, b=changed(idle, "a", "b")) == {"a": ("", False), "b": ("current", False)}


def test_one_host_leaves_a_release_that_costs_no_data(idle: Observation) -> None:
    assert decided(here=changed(idle, "here")) == {"here": ("before", False)}
    assert decided(here=changed(idle, "here", costs=True)) == {"here": ("current", False)}
    # A kit that recorded no hosts changed one after the other as well.
    assert decided(here=changed(idle)) == {"here": ("before", False)}
