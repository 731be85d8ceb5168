"""Hosts of an apply that keep their state as real ones do: the agent's own code over a played Docker."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent import scheduler
from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.trials import declared, is_trial
from deploy.agent.contract.verbs import ACCEPT, CONVERGE, ROLL_BACK, SETTLE, Answer, Request, Verb
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases import accept, back, converge, starting, way_back
from deploy.agent.stack import release
from deploy.agent.verbs import operation_of
from deploy.apply.prepared.members import Member
from deploy.apply.run import apply
from deploy.decide.desired import Share
from deploy.deployment.way import Way
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.transport import AgentFailedError, OnLine, Opened
from deploy.plan import Plan
from tests.golden.hosts import bare, settled
from tests.unit.apply.hosts import Log, Player, member
from tests.unit.apply.played_docker import Kills, PlayedDocker
from tests.unit.refusing import Refusing

OWN = (CONVERGE, ROLL_BACK, ACCEPT, SETTLE)
"""Verbs that the agent's own code carries out."""
PREPARED = ("docker", "daemon_json", "images", "folders", "models")
"""Parts of a bare host that this one has: no phase but those of a release has work."""
_docker: ContextVar[PlayedDocker] = ContextVar("docker")


class Machine(Refusing):
    """One host: its folder of the stack, its Docker, and the agent."""

    def __init__(self, name: str, folder: Path, log: Log) -> None:
        self.name, self.root = name, folder / name
        self.docker = PlayedDocker()
        self.kills: Kills | None = None
        self.fails_at = ""
        self.share: Share | None = None
        self.log = log
        self.root.mkdir(parents=True)

    @property
    def connection(self) -> Mapping[str, Any]:
        return {"ansible_host": self.name}

    def probe(self) -> Any:
        """The host's description of itself: as after an apply, with its own release and containers."""
        assert self.share is not None
        seen = release.observe(self.root)
        applied = settled(self.share)
        answer = applied if seen["release"] else {**bare(self.share), **{key: applied[key] for key in PREPARED}}
        services = {
            name: {
                **applied["services"][declared(name)],
                "id": each["Id"],
                "state": each["State"]["Status"],
                "labels": {**applied["services"][declared(name)]["labels"], **each["Config"]["Labels"]},
            }
            for name, each in self.docker.made.items()
        }
        told = {key: seen[key] for key in ("release", "good", "manifest")}
        return {**answer, **told, "services": services, **way_back.observe(self.root)}

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        if self.kills:
            self.kills.pass_by()
        self.log.append((self.name, verb))
        answer = self._answered(verb, {**request, "root": str(self.root)})
        if self.kills:
            self.kills.pass_by()
        return cast("Answer", answer)

    def _answered(self, verb: str, request: Any) -> Any:
        if verb == self.fails_at:
            raise AgentFailedError({"error": {"problem": f"no {verb}", "next": "mend it"}})
        if verb == "probe":
            return self.probe()
        if verb == "place":
            for file in request["files"]:
                path = self.root / file["path"]
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file["content"])
        if verb not in OWN:
            return {"changed": True}
        token = _docker.set(self.docker)
        try:
            return operation_of(verb)(request, Journal(str(self.root), request["run"]))
        except AgentError as error:
            failure = {"error": {"problem": error.problem, "next": error.next_step}, **error.details}
            raise AgentFailedError(cast("Any", failure)) from error
        finally:
            _docker.reset(token)

    def send(self, verb: Verb[Request, Answer], request: Request, _opened: Opened) -> Answer:
        return self.call(verb, request)

    @contextmanager
    def hold(self, request: HoldRequest, _on_line: OnLine) -> Iterator[Held]:
        yield {"held": True, "run": request["run"]}

    def version(self) -> tuple[str | None, frozenset[str]]:
        """The release that is linked, and the digests of the containers that run."""
        made = (each for name, each in self.docker.made.items() if not is_trial(name))
        running = (each for each in made if each["State"]["Status"] == "running")
        digests = frozenset(each["Config"]["Labels"]["kit.digest"] for each in running)
        return release.linked_release(self.root, "current"), digests


class Machines(dict[str, Machine]):
    """Hosts by name, each with the same services."""

    def copy_to(self, folder: Path) -> Machines:
        """Return hosts in the same state."""
        copies = Machines({name: Machine(name, folder, machine.log) for name, machine in self.items()})
        for name, machine in self.items():
            shutil.copytree(machine.root, copies[name].root, symlinks=True, dirs_exist_ok=True)
            copies[name].docker.made = deepcopy(machine.docker.made)
        return copies

    def plans(self, share: Share) -> dict[str, Plan]:
        """Changes that an apply would make on each host."""
        return {name: each.prepared.plan for name, each in self._members(share).items()}

    def apply(self, share: Share, kills: Kills | None = None, **options: Any) -> None:
        """Apply a share's release to all hosts."""
        members = self._members(share)
        for machine in self.values():
            machine.kills = machine.docker.kills = kills
        try:
            changing = {name: each for name, each in members.items() if not each.prepared.plan.is_empty}
            others = {name: each for name, each in members.items() if name not in changing}
            apply(changing, lambda _: None, others=others, play=Player([]), **options)
        finally:
            for machine in self.values():
                machine.kills = machine.docker.kills = None

    def _members(self, share: Share) -> dict[str, Member]:
        share = replace(share, desired=replace(share.desired, ways=dict.fromkeys(self, Way())))
        members = {}
        for name, machine in self.items():
            machine.share = replace(share, host=name)
            probed = machine.probe()
            members[name] = member(machine.share, cast("Any", machine), probed)
            assert read_observation(probed).release == release.linked_release(machine.root, "current")
        return members


def _names(_root: Path, _project: str, services: list[str], recreate: bool) -> list[str]:  # noqa: ARG001
    return services


def _run(root: Path, asked: list[str] | tuple[str, str, Path], _what: str) -> None:
    if isinstance(asked, tuple):
        _docker.get().beside(*asked)
    else:
        _docker.get().up(root, asked)


def machines(folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch, *names: str) -> Machines:
    """Bare hosts whose agents ask the played Docker of their host."""
    for module in (accept, back, converge):
        monkeypatch.setattr(module, "Docker", _docker.get)
    monkeypatch.setattr(starting, "up_argv", _names)
    monkeypatch.setattr(starting, "beside_argv", lambda _root, _project, *parts: parts)
    monkeypatch.setattr(starting, "run_up", _run)
    monkeypatch.setattr("deploy.agent.memory.available_bytes", lambda: 2**40)
    for place in ("UNITS", "CRON"):
        monkeypatch.setattr(scheduler, place, folder / place)
    monkeypatch.setattr("deploy.agent.docker.health.GONE_SECONDS", 0.0)
    monkeypatch.setattr("deploy.agent.docker.health.LOOK_SECONDS", 0.0)
    # No power is cut here.
    monkeypatch.setattr("os.fsync", lambda _descriptor: None)
    return Machines({name: Machine(name, folder, log) for name in names})
