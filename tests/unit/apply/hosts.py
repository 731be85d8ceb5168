"""Hosts of an apply that are played: each answers what it is asked, and writes it down."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, cast

from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.apply.phases.phase import ROLE_PHASES
from deploy.apply.prepared.members import Member
from deploy.apply.prepared.prepare import Prepared
from deploy.apply.roles.ansible import Content, PlaybookRun, phase_files
from deploy.apply.roles.process import Failure, OnEvent, OnPhase, PlaybookResult
from deploy.decide.desired import Share
from deploy.deployment.way import Way
from deploy.hosts.observation.observe import read_observation
from deploy.hosts.wire.transport import AgentFailedError, OnLine, Opened
from deploy.plan import make_plan
from tests.golden.hosts import Answer as Probed
from tests.golden.hosts import bare, merged, settled
from tests.unit.refusing import Refusing

Log = list[tuple[str, str]]
"""Acts with the host that each is done on, in their order."""
BACK = {"changed": True, "words": "rolled back to release 0123, which runs now"}
"""The answer of a host that is asked to roll back."""
ROLES = ["os", "images"]
ORDER = ["secrets", *ROLES, "layers", "models", "place", "converge", "room", "collect"]
"""Phases of roles by their names, and the verbs of the others."""


class Host(Refusing):
    """A host that answers what a test's apply asks, and writes it down."""

    def __init__(self, name: str, probed: Probed, log: Log, refuses: str = "") -> None:
        self.name = name
        self.requests: dict[str, Any] = {}
        self.sent: list[bytes] = []
        self.lacks_layers = False
        self._probed = probed
        self._log = log
        self.refuses = refuses
        self.errors: dict[str, Exception] = {}
        """Errors by verb."""

    @property
    def connection(self) -> Mapping[str, Any]:
        return {"ansible_host": self.name}

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self._log.append((self.name, verb))
        self.requests[verb] = request
        self._ensure_willing(verb)
        answers = {"probe": self._probed, "layers": {"chains": [f"layer of {self.name}"]}, "roll_back": BACK}
        return cast("Answer", answers.get(verb, {"changed": True}))

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        if verb != "take_image":
            return self.call(verb, request)
        with opened("image", 0) as pieces:
            content = b"".join(pieces)
        self._log.append((self.name, f"{verb} {request['kind']}"))
        self.sent.append(content)
        image = None if self.lacks_layers and b"all but" in content else {"id": "made"}
        return cast("Answer", {"changed": True, "image": image, "received": len(content)})

    @contextmanager
    def receive(self, verb: Verb[Request, Iterator[bytes]], request: Request) -> Iterator[Iterator[bytes]]:
        self._log.append((self.name, verb))
        self._ensure_willing(verb)
        layers = f"all but {request['has'][0]}" if request["has"] else "all"
        yield iter([f"{self.name}: {request['tag'].partition(':')[0]}, ".encode(), layers.encode()])

    def _ensure_willing(self, verb: str) -> None:
        if error := self.errors.get(verb):
            raise error
        if verb == self.refuses:
            raise AgentFailedError({"error": {"problem": f"no {verb}", "next": "mend it"}})

    @contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        self._log.append((self.name, "hold"))
        self._ensure_willing("hold")
        on_line({"step": "hold", "state": "start"})
        yield {"held": True, "run": request["run"]}
        self._log.append((self.name, "let go"))


class Player:
    """Plays as Ansible runs them: a failed host stops all hosts behind its play, unless the others keep going."""

    def __init__(self, log: Log, failing: tuple[str, str] = ("", "")) -> None:
        self.files: dict[str, str] = {}
        self.runs: list[list[str]] = []
        self._log = log
        self._failing = failing

    def __call__(self, run: PlaybookRun, content: Content, _on_event: OnEvent, on_phase: OnPhase) -> PlaybookResult:
        names = tuple(host.name for host in run.hosts)
        self.runs.append([phase for phase in ROLE_PHASES if any(phase in host.steps for host in run.hosts)])
        failures: dict[str, Failure] = {}
        for phase in self.runs[-1]:
            if failures and not run.keep_going:
                break
            on_phase(phase)
            self.files |= phase_files(run, phase, content)
            for host in run.hosts:
                if phase in host.steps and host.name not in failures:
                    self._log.append((host.name, phase))
                    if (host.name, phase) == self._failing:
                        failures[host.name] = Failure(host.name, "agent", "", "no disk", "make room")
        return PlaybookResult(names, dict.fromkeys(names, 1), tuple(failures.values()))


def members_of(
    share: Share, log: Log, refuses: Mapping[str, str] | None = None
) -> tuple[dict[str, Member], list[Host]]:
    """A bare host `box`, and a host `attic` that misses one container."""
    probes = {"box": bare(share), "attic": merged(settled(share), {"services": {"litellm": None}})}
    hosts = [Host(name, probed, log, (refuses or {}).get(name, "")) for name, probed in probes.items()]
    return {host.name: member(replace(share, host=host.name), host, probes[host.name]) for host in hosts}, hosts


def alike(
    share: Share, log: Log, names: Iterable[str], errors: Mapping[tuple[str, str], Exception] | None = None
) -> dict[str, Member]:
    """Hosts that miss one container each, so that no plan needs a role; errors by host and verb."""
    probed = merged(settled(share), {"services": {"litellm": None}})
    hosts = {name: Host(name, probed, log) for name in names}
    for (name, verb), error in (errors or {}).items():
        if name in hosts:
            hosts[name].errors[verb] = error
    share = replace(share, desired=replace(share.desired, ways=dict.fromkeys(hosts, Way())))
    return {name: member(replace(share, host=name), host, probed) for name, host in hosts.items()}


def member(share: Share, host: Host, probed: Probed) -> Member:
    observation = read_observation(probed)
    return Member(share, host, Prepared(make_plan(share.deployment, share.bundle, observation), observation))


def acts(log: Log, *names: str) -> list[tuple[str, str]]:
    return [entry for entry in log if entry[1] in names]
