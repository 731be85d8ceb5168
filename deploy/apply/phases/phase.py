"""The phases of an apply, as values: each is one step over all its hosts, with a barrier behind it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TypeAlias

from deploy.apply.phases.order import Needs, waves_of

Executor = Literal["roles", "streams"]
"""Executor of a phase: Ansible's roles, or the kit itself over the transport."""


@dataclass(frozen=True)
class RoleStep:
    """A role on one host."""

    role: str

    @property
    def key(self) -> str:
        """Key of the step in the order."""
        return self.role

    @property
    def subject(self) -> str:
        """Object of the step; a role has none."""
        return ""

    def __str__(self) -> str:
        return self.role


@dataclass(frozen=True)
class VerbStep:
    """A verb of the agent on one host."""

    verb: str
    kind: str = ""
    """Kind of the components that the verb is for; empty for the whole host."""

    @property
    def key(self) -> str:
        """Key of the step in the order."""
        return self.verb

    @property
    def subject(self) -> str:
        """Object of the step."""
        return self.kind

    def __str__(self) -> str:
        return " ".join(filter(None, (self.verb, self.kind)))


@dataclass(frozen=True)
class TransferStep:
    """An image that comes from another host of the stack."""

    kind: str
    tag: str
    giver: str
    """The host that has it."""
    key: Literal["transfer"] = "transfer"
    """Key of the step in the order."""

    @property
    def subject(self) -> str:
        """Object of the step."""
        return self.kind

    def __str__(self) -> str:
        return f"{self.key} {self.kind}"


@dataclass(frozen=True)
class BorrowStep:
    """The host's copies of secrets that other hosts own."""

    key: Literal["borrow"] = "borrow"
    """Key of the step in the order."""

    @property
    def subject(self) -> str:
        """Object of the step; it has none."""
        return ""

    def __str__(self) -> str:
        return self.key


Step: TypeAlias = RoleStep | VerbStep | TransferStep | BorrowStep


@dataclass(frozen=True)
class Phase:
    """One step of an apply over all hosts that have work in it."""

    name: str
    executor: Executor
    steps: Mapping[str, tuple[Step, ...]]
    """Steps by host; a host without work is not in it."""


CONVERGE = "converge"
"""The phase that goes from host to host: hosts that others need first, in waves with barriers."""
ORDER: tuple[tuple[str, Executor, tuple[str, ...]], ...] = (
    ("secrets", "streams", ("secrets",)),
    # Behind it every owner has its secrets. A stack on one host has no such step.
    ("borrow", "streams", ("borrow",)),
    ("os", "roles", ("docker_engine", "docker", "gpu_toolkit", "late", "folders", "backup")),
    # Behind it restic is there, and ahead of everything that changes images, releases and containers.
    ("back_up", "streams", ("back_up",)),
    # A model in a package is unpacked by what the images' role brings.
    ("images", "roles", ("images", "image")),
    # Behind it the first host of each image has it. A stack on one host has no such step.
    ("transfer", "streams", ("transfer",)),
    ("models", "streams", ("models",)),
    ("place", "streams", ("place",)),
    (CONVERGE, "streams", ("converge",)),
    # The start of a network's first container sees to its rules as well.
    ("firewall", "streams", ("firewall",)),
    # An engine takes models over its API, so it runs by now.
    ("sync", "streams", ("sync",)),
    ("settings", "streams", ("room",)),
    ("jobs", "streams", ("units",)),
    ("collect", "streams", ("collect",)),
)
"""Each phase with the keys of its steps, in the order of their dependencies."""
UNTIL_CONVERGED = frozenset(name for name, _, _ in ORDER[: [name for name, _, _ in ORDER].index(CONVERGE) + 1])
"""Phases after which a host may still have the release from before."""
ROLE_PHASES = tuple(name for name, executor, _ in ORDER if executor == "roles")
_RANKS = {key: (phase, rank) for phase, (_, _, keys) in enumerate(ORDER) for rank, key in enumerate(keys)}


def phases_of(needed: Mapping[str, Iterable[Step]], needs: Needs | None = None) -> tuple[Phase, ...]:
    """Return the phases that have work, in their order.

    Args:
        needed: The steps of each host, in any order.
        needs: The hosts that each host cannot do without: their release runs before its own is started.
    """
    ranked = {host: sorted(set(steps), key=_rank) for host, steps in needed.items()}
    phases: list[Phase] = []
    for number, (name, executor, _) in enumerate(ORDER):
        work = {host: tuple(step for step in steps if _rank(step)[0] == number) for host, steps in ranked.items()}
        busy = {host: steps for host, steps in work.items() if steps}
        waves = waves_of(busy, needs or {}) if name == CONVERGE else (tuple(busy),)
        phases += [Phase(name, executor, {host: busy[host] for host in wave}) for wave in waves if wave]
    return tuple(phases)


def neighbours(phases: Iterable[Phase]) -> Iterator[tuple[Executor, tuple[Phase, ...]]]:
    """Yield neighbouring phases of one executor together: those of roles are one playbook run."""
    for executor, group in groupby(phases, key=lambda phase: phase.executor):
        yield executor, tuple(group)


def _rank(step: Step) -> tuple[int, int, str]:
    return (*_RANKS[step.key], step.subject)
