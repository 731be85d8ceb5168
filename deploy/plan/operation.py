"""A plan and its operations: values that print themselves and decide nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Action = Literal[
    "install",
    "build",
    "pull",
    "fetch",
    "create",
    "change",
    "move",
    "begin",
    "adopt",
    "place",
    "start",
    "recreate",
    "remove",
    "set",
    "accept",
]
StepName = Literal["docker_engine", "addresses", "folders", "images", "models", "release", "sync", "settings", "jobs"]


@dataclass(frozen=True)
class Operation:
    """One thing to do on a host."""

    resource: str
    """What is touched, as `service main` or `folder /srv/kit/home/main`."""
    action: Action
    cause: str
    """Why, in a short lower-case phrase."""
    step: StepName
    """The step of an apply that does it."""
    service: str = ""
    """The service that it is done for, where it is one's."""
    written: tuple[tuple[str, int], ...] = ()
    """Places that it writes to, each with the bytes, where it is known of the operation alone."""
    passing: tuple[tuple[str, int], ...] = ()
    """Places where it needs more room until it is done, each with the bytes."""
    download_bytes: int = 0
    """What it fetches, where it is known of the operation alone."""


@dataclass(frozen=True)
class Plan:
    """Ordered operations for one host, and what stands in their way."""

    stack: str
    release: str
    operations: tuple[Operation, ...]
    refusals: tuple[tuple[str, str], ...] = ()
    """Problems and next steps; apply does nothing while there is one."""
    advice: tuple[str, ...] = ()
    questions: tuple[dict[str, Any], ...] = ()
    """Places of user data that became another one and of which nobody said what to do; refused until then."""
    settled: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """By service, what a person chose for its place of user data, as the agent carries it out."""
    owners: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    """By service, the folders that change hands, as the agent carries it out."""
    doubts: tuple[str, ...] = ()
    """Of the advice, what could not be compared or is not locked yet: it alone stands beside `nothing to change`."""

    @property
    def is_empty(self) -> bool:
        """Whether the host is as wanted."""
        return not self.operations

    @property
    def touched_services(self) -> tuple[str, ...]:
        """Services that an operation is done for, what stopped or was removed left out."""
        gone = {name for name, action in self.actions().items() if action == "remove"}
        names = dict.fromkeys(operation.service for operation in self.operations if operation.service)
        return tuple(name for name in names if name not in gone)

    def actions(self) -> dict[str, Action]:
        """Return what happens to each touched service's container."""
        return {
            operation.service: operation.action
            for operation in self.operations
            if operation.resource == f"service {operation.service}"
        }

    def text(self, *, verbose: bool = False) -> str:
        """Print one line an operation, then refusals and advice; what is no news only beside news, or when asked."""
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
            "format": 1,
            "stack": self.stack,
            "release": self.release,
            "operations": [
                {"resource": o.resource, "action": o.action, "cause": o.cause, "service": o.service or None}
                for o in self.operations
            ],
            "refusals": [{"problem": problem, "next": next_step} for problem, next_step in self.refusals],
            "questions": list(self.questions),
            "advice": list(self.advice),
        }
