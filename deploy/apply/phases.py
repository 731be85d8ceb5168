"""The phases of an apply, as values: each is one step over all its hosts, with a barrier behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Executor = Literal["roles", "streams"]
"""Carries a phase out: Ansible's roles, or the kit itself over the transport."""


@dataclass(frozen=True)
class Step:
    """One role on one host: `agent` carries out a verb of the agent, `file` and `upload` one that asks for files."""

    role: str
    verb: str = ""
    kind: str = ""
    """Kind of the components that the verb is for, or name of the model whose file is sent."""

    @property
    def request(self) -> str:
        """Name of the agent's request."""
        return f"{self.verb}_{self.kind}" if self.kind else self.verb

    def __str__(self) -> str:
        return " ".join(filter(None, (self.word, self.kind)))

    @property
    def word(self) -> str:
        """Key of the step in the order: its verb where the role is `agent`, else the role."""
        return self.verb if self.role == "agent" else self.role


def verb(name: str, kind: str = "") -> Step:
    """Return the step that carries out a verb of the agent."""
    return Step("agent", name, kind)


@dataclass(frozen=True)
class Phase:
    """One step of an apply over all hosts that have work in it."""

    name: str
    executor: Executor
    steps: Mapping[str, tuple[Step, ...]]
    """By host; a host without work is not in it."""


ORDER: tuple[tuple[str, Executor, tuple[str, ...]], ...] = (
    ("secrets", "streams", ("secrets",)),
    ("files", "streams", ("file",)),
    ("os", "roles", ("docker_engine", "docker", "late", "folders")),
    # A model in a package is unpacked by what the images' role brings.
    ("images", "roles", ("images", "image")),
    ("models", "roles", ("models",)),
    ("place", "roles", ("place",)),
    ("converge", "roles", ("converge",)),
    # An engine takes files over its API, so it runs by now. Without such files nothing stands between two plays.
    ("uploads", "streams", ("upload",)),
    ("sync", "roles", ("sync",)),
    ("settings", "roles", ("room",)),
    ("jobs", "roles", ("units",)),
    ("collect", "roles", ("collect",)),
)
"""Each phase with its roles and verbs, in the order in which things need each other."""
ROLE_PHASES = tuple(name for name, executor, _ in ORDER if executor == "roles")
_PLACES = {word: (number, place) for number, (_, _, words) in enumerate(ORDER) for place, word in enumerate(words)}


def phases_of(needed: Mapping[str, Iterable[Step]]) -> tuple[Phase, ...]:
    """Return the phases that have work, in their order.

    Args:
        needed: The steps of each host, in any order.
    """
    placed = {host: sorted(set(steps), key=_place) for host, steps in needed.items()}
    phases = []
    for number, (name, executor, _) in enumerate(ORDER):
        work = {host: tuple(step for step in steps if _place(step)[0] == number) for host, steps in placed.items()}
        if any(work.values()):
            phases.append(Phase(name, executor, {host: steps for host, steps in work.items() if steps}))
    return tuple(phases)


def neighbours(phases: Iterable[Phase]) -> Iterator[tuple[Executor, tuple[Phase, ...]]]:
    """Yield neighbouring phases of one executor together: those of roles are one playbook run."""
    for executor, group in groupby(phases, key=lambda phase: phase.executor):
        yield executor, tuple(group)


def _place(step: Step) -> tuple[int, int, str]:
    return (*_PLACES[step.word], step.kind)
