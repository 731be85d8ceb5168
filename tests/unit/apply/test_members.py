"""An apply over two hosts: each phase ends on both before the next begins on one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.ansible import Content, PlaybookRun, phase_files
from deploy.apply.members import Member
from deploy.apply.phases import ROLE_PHASES
from deploy.apply.prepare import Prepared
from deploy.apply.process import Failure, OnEvent, OnPhase, PlaybookResult
from deploy.apply.run import apply
from deploy.apply.story import Event
from deploy.decide.desired import Share
from deploy.deployment.way import Way
from deploy.errors import KitError
from deploy.hosts.observe import read_observation
from deploy.hosts.transport import AgentFailedError, OnLine, Opened
from deploy.plan import make_plan
from deploy.verify.report import Check, Report
from tests.golden.hosts import Answer as Probed
from tests.golden.hosts import bare, merged, settled
from tests.golden.plans_of import PLANS, desired_of
from tests.unit.refusing import Refusing

Log = list[tuple[str, str]]
"""Acts with the host that each is done on, in their order."""
ROLES = ["os", "images"]
ORDER = ["secrets", *ROLES, "models", "place", "converge", "room", "collect"]
"""Phases of roles by their names, and the verbs of the others."""


class Host(Refusing):
    """A host that answers what a test's apply asks, and writes it down."""

    def __init__(self, name: str, probed: Probed, log: Log, refuses: str = "") -> None:
        self.name = name
        self.requests: dict[str, Any] = {}
        self._probed = probed
        self._log = log
        self._refuses = refuses

    @property
    def connection(self) -> Mapping[str, Any]:
        return {"ansible_host": self.name}

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self._log.append((self.name, verb))
        self.requests[verb] = request
        if verb == self._refuses:
            raise AgentFailedError({"error": {"problem": f"no {verb}", "next": "mend it"}})
        return cast("Answer", self._probed if verb == "probe" else {"changed": True})

    def send(self, verb: Verb[Request, Answer], request: Request, _opened: Opened) -> Answer:
        return self.call(verb, request)

    @contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        self._log.append((self.name, "hold"))
        on_line({"step": "hold", "state": "start"})
        yield {"held": True, "run": request["run"]}
        self._log.append((self.name, "let go"))


class Player:
    """Plays as Ansible runs them: a failed host stops all hosts behind its play."""

    def __init__(self, log: Log, failing: tuple[str, str] = ("", "")) -> None:
        self.files: dict[str, str] = {}
        self.runs: list[list[str]] = []
        self._log = log
        self._failing = failing

    def __call__(self, run: PlaybookRun, content: Content, _on_event: OnEvent, on_phase: OnPhase) -> PlaybookResult:
        names = tuple(host.name for host in run.hosts)
        self.runs.append([phase for phase in ROLE_PHASES if any(phase in host.steps for host in run.hosts)])
        failures: tuple[Failure, ...] = ()
        for phase in self.runs[-1]:
            if failures:
                break
            on_phase(phase)
            self.files |= phase_files(run, phase, content)
            for host in run.hosts:
                if phase in host.steps:
                    self._log.append((host.name, phase))
                    if (host.name, phase) == self._failing:
                        failures = (Failure(host.name, "agent", "", "no disk", "make room"),)
        return PlaybookResult(names, dict.fromkeys(names, 1), failures)


@pytest.fixture
def log() -> Log:
    return []


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Share:
    def checked(*_: object) -> Report:
        return Report((Check("answers", "main", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    wanted = desired_of(PLANS / "settled" / "kit.yaml", tmp_path)
    return replace(wanted, desired=replace(wanted.desired, ways={"box": Way(), "attic": Way()}))


def members_of(
    share: Share, log: Log, refuses: Mapping[str, str] | None = None
) -> tuple[dict[str, Member], list[Host]]:
    """A bare host `box`, and a host `attic` that misses one container."""
    probes = {"box": bare(share), "attic": merged(settled(share), {"services": {"litellm": None}})}
    hosts = [Host(name, probed, log, (refuses or {}).get(name, "")) for name, probed in probes.items()]
    return {host.name: member(replace(share, host=host.name), host, probes[host.name]) for host in hosts}, hosts


def member(share: Share, host: Host, probed: Probed) -> Member:
    observation = read_observation(probed)
    return Member(share, host, Prepared(make_plan(share.deployment, share.bundle, observation), observation))


def acts(log: Log, *names: str) -> list[tuple[str, str]]:
    return [entry for entry in log if entry[1] in names]


def test_every_phase_ends_on_both_hosts_before_the_next_begins(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    player = Player(log)
    outcomes = apply(members, lambda _: None, play=player)
    assert player.runs == [ROLES]
    phases = [(host, phase) for host, phase in log if phase in ORDER]
    assert [phase for _, phase in phases] == sorted((phase for _, phase in phases), key=ORDER.index)
    assert {phase for host, phase in phases if host == "attic"} == set(ORDER) - {*ROLES, "models"}
    assert {phase for host, phase in phases if host == "box"} == set(ORDER)
    assert {host: outcome.changed_tasks for host, outcome in outcomes.items()} == {"box": 7, "attic": 5}


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
    with pytest.raises(KitError, match=r"^box: no secrets$"):
        apply(members, lambda _: None, play=Player(log))
    assert sorted(acts(log, "secrets")) == [("attic", "secrets"), ("box", "secrets")]
    assert acts(log, *ORDER[1:], "accept") == []


def test_a_role_that_fails_on_one_host_stops_both_behind_its_phase(share: Share, log: Log) -> None:
    members, _ = members_of(share, log)
    with pytest.raises(KitError, match=r"^box: no disk$") as raised:
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
