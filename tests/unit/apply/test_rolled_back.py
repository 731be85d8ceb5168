"""A release that fails on one host of an apply is rolled back on the hosts that run it already."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from deploy.agent.contract.envelope import Failure
from deploy.apply.phases.order import Needs
from deploy.apply.run import apply
from deploy.decide.desired import Share
from deploy.errors import ApplyError, HeldError, KitError
from deploy.hosts.wire.transport import AgentFailedError
from deploy.verify.report import Check, Report
from tests.unit.apply.hosts import Log, Player, acts, alike

HOSTS = ("page", "gate", "engine")
NEEDS: Needs = {"engine": (), "gate": ("engine",), "page": ("gate",), "aside": ()}
UNHEALTHY: Failure = {"error": {"problem": "litellm did not get healthy", "next": "kit logs"}, "rolled_back": True}
Errors = Mapping[tuple[str, str], Exception]
BACK = "rolled back to release 0123, which runs now"
STOPPED = "stopped before its containers were changed"


def run(
    share: Share, log: Log, errors: Errors, *, hosts: tuple[str, ...] = HOSTS, needs: Needs = NEEDS, **options: Any
) -> Mapping[str, tuple[str, str]]:
    """Apply over hosts, and return the ending of each."""
    members = alike(share, log, hosts, errors)
    with pytest.raises(ApplyError) as raised:
        apply(members, lambda _: None, needs=needs, play=Player(log), **options)
    assert raised.value.exit_code == 1
    return {host: (ending.state, ending.words) for host, ending in raised.value.endings.items()}


def hosts_of(log: Log, act: str) -> list[str]:
    return [host for host, name in log if name == act]


def test_hosts_are_started_in_the_order_in_which_they_need_each_other(share: Share, log: Log) -> None:
    members = alike(share, log, HOSTS)
    outcomes = apply(members, lambda _: None, needs=NEEDS, play=Player(log))
    assert hosts_of(log, "converge") == ["engine", "gate", "page"]
    assert set(outcomes) == set(HOSTS)
    assert acts(log, "roll_back") == []


def test_the_last_host_that_fails_brings_the_others_back_in_reverse_order(share: Share, log: Log) -> None:
    endings = run(share, log, {("page", "converge"): AgentFailedError(UNHEALTHY)})
    assert hosts_of(log, "roll_back") == ["gate", "engine"]
    assert acts(log, "room", "collect", "accept") == []
    assert endings == {
        "page": ("rolled back", "litellm did not get healthy"),
        "gate": ("rolled back", BACK),
        "engine": ("rolled back", BACK),
    }


def test_a_host_is_asked_to_roll_back_with_the_request_that_changed_it(share: Share, log: Log) -> None:
    members = alike(share, log, HOSTS, {("gate", "converge"): AgentFailedError(UNHEALTHY)})
    with pytest.raises(ApplyError):
        apply(members, lambda _: None, needs=NEEDS, play=Player(log))
    host: Any = members["engine"].transport
    assert host.requests["roll_back"] == host.requests["converge"]


def test_a_host_behind_the_failure_is_not_changed(share: Share, log: Log) -> None:
    endings = run(share, log, {("gate", "converge"): AgentFailedError(UNHEALTHY)})
    assert hosts_of(log, "converge") == ["engine", "gate"]
    assert hosts_of(log, "roll_back") == ["engine"]
    assert endings["page"] == ("stopped", STOPPED)


def test_a_host_that_cannot_be_rolled_back_stops_no_other_and_is_told(share: Share, log: Log) -> None:
    lost = KitError("no route to host", "switch it on")
    endings = run(share, log, {("page", "converge"): AgentFailedError(UNHEALTHY), ("gate", "roll_back"): lost})
    assert hosts_of(log, "roll_back") == ["gate", "engine"]
    assert endings["gate"] == ("not rolled back", "cannot be rolled back: no route to host")
    assert endings["engine"] == ("rolled back", BACK)


def test_a_host_whose_agent_fell_silent_is_asked_as_well_and_first(share: Share, log: Log) -> None:
    endings = run(share, log, {("gate", "converge"): KitError("the agent's converge ended with status -9")})
    assert hosts_of(log, "roll_back") == ["gate", "engine"]
    assert endings["gate"] == ("rolled back", f"the agent's converge ended with status -9\n{BACK}")


def test_the_only_host_whose_agent_fell_silent_tells_both(share: Share, log: Log) -> None:
    members = alike(share, log, ("here",), {("here", "converge"): KitError("cut off")})
    with pytest.raises(KitError) as raised:
        apply(members, lambda _: None, needs={}, play=Player(log))
    assert raised.value.problem == f"cut off\n{BACK}"


def test_a_failure_behind_the_start_of_the_release_leaves_it_running_and_unaccepted(share: Share, log: Log) -> None:
    endings = run(share, log, {("page", "room"): AgentFailedError(UNHEALTHY)})
    assert acts(log, "roll_back", "accept") == []
    assert endings["gate"] == ("not accepted", "runs the new release, which is not accepted")


def test_with_keep_going_hosts_that_need_no_failed_one_are_finished(share: Share, log: Log) -> None:
    refusals = {("gate", "converge"): AgentFailedError(UNHEALTHY)}
    endings = run(share, log, refusals, hosts=("page", "gate", "engine", "aside"), keep_going=True)
    assert hosts_of(log, "roll_back") == []
    assert sorted(hosts_of(log, "accept")) == ["aside", "engine"]
    assert {host: state for host, (state, _) in endings.items()} == {
        "page": "stopped",
        "gate": "rolled back",
        "engine": "done",
        "aside": "done",
    }
    assert endings["page"][1] == f"{STOPPED}: it needs a host that failed"


def test_with_keep_going_a_host_that_needs_the_failed_one_and_runs_already_goes_back(share: Share, log: Log) -> None:
    needs = {"gate": ("engine",), "engine": ("gate",)}
    refusals = {("gate", "converge"): AgentFailedError(UNHEALTHY)}
    endings = run(share, log, refusals, hosts=("gate", "engine", "aside"), needs=needs, keep_going=True)
    assert hosts_of(log, "roll_back") == ["engine"]
    assert (endings["engine"][0], endings["aside"][0]) == ("rolled back", "done")


def test_a_held_host_stops_all_or_with_keep_going_itself_and_those_that_need_it(share: Share, log: Log) -> None:
    refusals = {("gate", "hold"): HeldError("ann holds it", "wait")}
    members = alike(share, log, HOSTS, refusals)
    with pytest.raises(HeldError, match=r"^gate: ann holds it$"):
        apply(members, lambda _: None, needs=NEEDS, play=Player(log))
    assert acts(log, "converge") == []
    endings = run(share, log, refusals, keep_going=True)
    assert hosts_of(log, "accept") == ["engine"]
    assert {host: state for host, (state, _) in endings.items()} == {
        "page": "stopped",
        "gate": "failed",
        "engine": "done",
    }


def test_with_keep_going_red_checks_of_one_host_leave_the_others_accepted(
    share: Share, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = iter(("failed", "passed", "passed"))

    def checked(*_: object) -> Report:
        outcome: Any = next(outcomes)
        return Report((Check("answers", "main", outcome, 0.1, "refused"),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    endings = run(share, log, {}, keep_going=True)
    assert sorted(hosts_of(log, "accept")) == ["engine", "gate"]
    assert endings["page"][0] == "failed"


def test_a_host_that_could_not_be_planned_counts_as_failed(share: Share, log: Log) -> None:
    failed = {"attic": KitError("no route to host", "switch it on")}
    endings = run(share, log, {}, hosts=("engine",), failed=failed, keep_going=True)
    assert hosts_of(log, "accept") == ["engine"]
    assert endings == {"engine": ("done", "done"), "attic": ("failed", "no route to host")}
