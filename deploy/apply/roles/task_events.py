"""Events of a playbook run: one JSON document per line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

EventState = Literal["started", "ok", "changed", "failed", "unreachable", "skipped"]


@dataclass(frozen=True)
class TaskEvent:
    """A task that starts or that ended on one host."""

    state: EventState
    host: str
    role: str
    task: str
    verb: str = ""
    """Verb of a task that the agent carries out."""
    seconds: float = 0.0
    problem: str = ""
    next_step: str = ""


@dataclass(frozen=True)
class PhaseBegins:
    """A phase is about to begin; the run waits until it is let go on."""

    phase: str


@dataclass(frozen=True)
class Recap:
    """The last document: how many tasks of each host ended how."""

    hosts: dict[str, dict[str, int]] = field(default_factory=dict)


PlaybookEvent = TaskEvent | PhaseBegins | Recap


def write_event(event: PlaybookEvent) -> str:
    """Write an event as one line."""
    return json.dumps(event.__dict__, ensure_ascii=True) + "\n"


def read_event(line: str) -> PlaybookEvent:
    """Read what `write_event` wrote."""
    document = json.loads(line)
    if "phase" in document:
        return PhaseBegins(**document)
    return Recap(**document) if "hosts" in document else TaskEvent(**document)


def told_error(result: Mapping[str, Any]) -> tuple[str, str]:
    """Find the problem and the next step in a failed task's result: an error document, or else Ansible's own words."""
    for item in result.get("results", ()):
        if isinstance(item, Mapping) and item.get("failed"):
            return told_error(item)
    for key in ("stdout", "msg"):
        document = _error_document(result.get(key))
        if document is not None:
            return document
    words = [str(result.get("msg", "")), *_last_lines(result.get("stderr")), *_last_lines(result.get("module_stderr"))]
    return ": ".join(word for word in words if word) or "the task failed and said nothing", ""


def _error_document(text: Any) -> tuple[str, str] | None:
    try:
        error = json.loads(text)["error"]
        return str(error["problem"]), str(error.get("next", ""))
    except (TypeError, ValueError, KeyError, AttributeError):
        return None


def _last_lines(text: object) -> list[str]:
    lines = [line.strip() for line in str(text or "").splitlines() if line.strip()]
    return lines[-5:]
