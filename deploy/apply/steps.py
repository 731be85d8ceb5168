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


ORDER: tuple[Step, ...] = (
    Step("docker_engine"),
    Step("images"),
    Step("release"),
    Step("llama_cpp"),
    Step("llama_cpp", "models"),
    Step("litellm"),
    Step("open_webui"),
    Step("release", "converge"),
    Step("open_webui", "settings"),
    Step("release", "collect"),
)
"""Folders and files come before the containers that mount them, an application's settings after it answers."""


def ordered_steps(needed: Iterable[Step]) -> tuple[Step, ...]:
    """Sort the steps that a plan needs; KeyError for one that no role has."""
    place = {step: number for number, step in enumerate(ORDER)}
    return tuple(sorted(set(needed), key=lambda step: place[step]))
