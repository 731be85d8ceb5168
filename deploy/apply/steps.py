"""The steps of a playbook run and the one order in which they may run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A role and its entry point."""

    role: str
    part: str = "main"

    def __str__(self) -> str:
        return self.role if self.part == "main" else f"{self.role} {self.part}"


_HOST = (Step("docker_engine"), Step("images"), Step("release"))
_LAST = Step("release", "collect")
_COMPONENT_PARTS = {"main": 3, "models": 4, "converge": 5, "sync": 6, "settings": 7}


def ordered_steps(needed: Iterable[Step]) -> tuple[Step, ...]:
    """Sort steps: folders and files come before the containers that mount them, settings after these answer."""
    return tuple(sorted(set(needed), key=lambda step: (_phase(step), step.role)))


def _phase(step: Step) -> int:
    if step in _HOST:
        return _HOST.index(step)
    return 8 if step == _LAST else _COMPONENT_PARTS[step.part]
