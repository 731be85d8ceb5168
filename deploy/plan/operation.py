"""A plan and its operations: values that print themselves and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from deploy.agent.contract.places import Handover, SettledPlace

Action = Literal[
    "install",
    "build",
    "pull",
    "receive",
    "fetch",
    "create",
    "change",
    "move",
    "begin",
    "adopt",
    "take",
    "place",
    "start",
    "recreate",
    "remove",
    "set",
    "accept",
]
StepName = Literal[
    "docker_engine",
    "gpu_toolkit",
    "addresses",
    "folders",
    "backup",
    "back_up",
    "images",
    "models",
    "release",
    "sync",
    "settings",
    "jobs",
    "firewall",
]


@dataclass(frozen=True)
class Operation:
    """A single change of a host."""

    resource: str
    """Changed resource, such as `service main` or `folder /srv/kit/home/main`."""
    action: Action
    cause: str
    """Cause, as a short lower-case phrase."""
    step: StepName
    """Step of an apply that carries it out."""
    service: str = ""
    """Service that needs it; empty for the whole stack."""
    written: tuple[tuple[str, int], ...] = ()
    """Place to the bytes written there, if the operation alone determines them."""
    passing: tuple[tuple[str, int], ...] = ()
    """Place to the bytes that it needs there until it is done."""
    download_bytes: int = 0
    """Size of its download, if the operation alone determines it."""


@dataclass(frozen=True)
class Plan:
    """Ordered operations for one host, with the reasons against them."""

    host: str
    stack: str
    release: str
    operations: tuple[Operation, ...]
    refusals: tuple[tuple[str, str], ...] = ()
    """Problems and next steps; apply does nothing as long as there is one."""
    advice: tuple[str, ...] = ()
    questions: tuple[dict[str, Any], ...] = ()
    """Changed places of user data without a choice; refused until a person chooses."""
    settled: Mapping[str, SettledPlace] = field(default_factory=dict)
    """Service to the choice about its place of user data, in the agent's form."""
    owners: Mapping[str, list[Handover]] = field(default_factory=dict)
    """Service to the folders whose owner changes, in the agent's form."""
    left: tuple[str, ...] = ()
    """Services that stay as they are, because their card vanished."""
    doubts: tuple[str, ...] = ()
    """Advice about values that could not be compared or are not locked: it stands beside `nothing to change`."""

    @property
    def is_empty(self) -> bool:
        """Return True if the host is as wanted."""
        return not self.operations

    @property
    def touched_services(self) -> tuple[str, ...]:
        """Return the services with an operation, without stopped and removed ones."""
        gone = {name for name, action in self.actions().items() if action == "remove"}
        names = dict.fromkeys(operation.service for operation in self.operations if operation.service)
        return tuple(name for name in names if name not in gone)

    def actions(self) -> dict[str, Action]:
        """Return the action on each touched service's container."""
        return {
            operation.service: operation.action
            for operation in self.operations
            if operation.resource == f"service {operation.service}"
        }

    def text(self, *, verbose: bool = False) -> str:
        """Return one line for each operation, then refusals and advice; old advice only beside news, or if verbose."""
        is_settled = self.is_empty and not self.refusals
        action = max((len(o.action) for o in self.operations), default=0)
        resource = max((len(o.resource) for o in self.operations), default=0)
        lines = [f"{o.action:<{action}}  {o.resource:<{resource}}  {o.cause}" for o in self.operations]
        if is_settled:
            lines = ["nothing to change"]
        lines += [f"refused: {problem}\n  {next_step}" for problem, next_step in self.refusals]
        lines += [f"note: {line}" for line in (self.doubts if is_settled and not verbose else self.advice)]
        return "\n".join(lines) + "\n"

    def as_json(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return {
            "release": self.release,
            "operations": [
                {"resource": o.resource, "action": o.action, "cause": o.cause, "service": o.service or None}
                for o in self.operations
            ],
            "refusals": [{"problem": problem, "next": next_step} for problem, next_step in self.refusals],
            "questions": list(self.questions),
            "advice": list(self.advice),
        }
