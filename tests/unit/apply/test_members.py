"""An apply over two hosts: each phase ends on both before the next begins on one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deploy.apply.event import Event
from deploy.apply.run import apply
from deploy.decide.desired import Share
from deploy.errors import KitError
from deploy.verify.report import Check, Report
from tests.unit.apply.hosts import ORDER, ROLES, Log, Player, acts, members_of


def test_every_phase_ends_on_both_hosts_before_the_next_begins(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    player = Player(log)
    outcomes = apply(members, lambda _: None, play=player)
    assert player.runs == [ROLES]
    phases = [(host, phase) for host, phase in log if phase in ORDER]
    assert [phase for _, phase in phases] == sorted((phase for _, phase in phases), key=ORDER.index)
    assert {phase for host, phase in phases if host == "attic"} == set(ORDER) - {*ROLES, "layers", "models"}
    assert {phase for host, phase in phases if host == "box"} == set(ORDER)
    assert {host: outcome.changed_tasks for host, outcome in outcomes.items()} == {"box": 10, "attic": 5}


def test_both_hosts_are_held_before_anything_and_let_go_behind_everything(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    apply(members, lambda _: None, play=Player(log))
    assert log[:2] == [("attic", "hold"), ("box", "hold")]
    assert log[-2:] == [("box", "let go"), ("attic", "let go")]
    assert sorted(acts(log, "accept")) == [("attic", "accept"), ("box", "accept")]


def test_each_host_gets_requests_and_variables_of_its_own(share: Share, log: Log) -> None:
    members, (box, attic) = members_of(share, log)
    player = Player(log)
    apply(members, lambda _: None, play=player)
    assert box.requests["secrets"]["run"] == attic.requests["secrets"]["run"] != ""
    actions = {
        host.name: {one["action"] for one in host.requests["converge"]["services"].values()} for host in (box, attic)
    }
    assert actions == {"box": {"create"}, "attic": {"create", "keep"}}
    assert "docker_engine_packages" in player.files["phases/box/os/variables.json"]
    assert not [path for path in player.files if re.match("phases/attic/(os|images)/", path)]
    assert {name: one.requests["accept"]["audit"]["host"] for name, one in (("box", box), ("attic", attic))} == {
        "box": "box",
        "attic": "attic",
    }


def test_every_event_says_its_host(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    told: list[Event] = []
    apply(members, told.append, play=Player(log))
    assert {event.host for event in told if event.step == "hold"} == {"box", "attic"}
    assert {event.host for event in told if event.phase == "secrets"} == {"box", "attic"}
    assert {event.host for event in told if event.step == "verify"} == {"box", "attic"}
    assert [event for event in told if not event.host] == []


def test_a_stream_that_fails_on_one_host_stops_both_behind_its_phase(share: Share, log: Log) -> None:
    members, _ = members_of(share, log, refuses={"box": "secrets"})
    with pytest.raises(KitError, match=r"^box: no secrets\nattic: stopped before its containers were changed$"):
        apply(members, lambda _: None, play=Player(log))
    assert sorted(acts(log, "secrets")) == [("attic", "secrets"), ("box", "secrets")]
    assert acts(log, *ORDER[1:], "accept") == []


def test_a_role_that_fails_on_one_host_stops_both_behind_its_phase(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    with pytest.raises(KitError, match=r"^box: no disk\nattic: stopped before its containers were changed$") as raised:
        apply(members, lambda _: None, play=Player(log, failing=("box", "os")))
    assert raised.value.next_step == "make room"
    assert acts(log, *ORDER) == [("box", "secrets"), ("attic", "secrets"), ("box", "os")]


def test_errors_of_both_hosts_are_told_together(share: Share, log: Log) -> None:
    members, _ = members_of(share, log, refuses={"box": "secrets", "attic": "secrets"})
    with pytest.raises(KitError) as raised:
        apply(members, lambda _: None, play=Player(log))
    assert sorted(raised.value.problem.splitlines()) == ["attic: no secrets", "box: no secrets"]
    assert raised.value.next_step == "mend it"


def test_no_host_is_accepted_where_the_checks_of_one_fail(
    share: Share, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    members, _ = members_of(share, log)
    reports = {"box": "failed", "attic": "passed"}
    asked: list[str] = []

    def checked(*_: object) -> Report:
        name = list(members)[len(asked)]
        asked.append(name)
        outcome: Any = reports[name]
        return Report((Check("answers", "main", outcome, 0.1, "refused"),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    with pytest.raises(KitError, match=r"^box: the stack runs, but these checks failed"):
        apply(members, lambda _: None, play=Player(log))
    assert asked == ["box", "attic"]
    assert acts(log, "accept") == []
