"""Errors that a person sees: the place, the problem, the next step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FAILED = 1
USAGE = 2
PENDING = 3
HELD = 4
MOST_PROBLEMS = 250
MORE_PROBLEMS = "more problems follow; correct these first"


def as_word(path: Path | str) -> str:
    """Return a path as a word that no command mistakes for an option."""
    text = str(path)
    return f"./{text}" if text.startswith("-") else text


def typed(path: Path | str) -> str:
    """Return a path as it stands in a command line."""
    import shlex

    return shlex.quote(as_word(path))


class KitError(Exception):
    """A failure; the CLI prints the problem and the next step, never a trace."""

    exit_code = FAILED

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step
        self.by_host: Mapping[str, tuple[str, str]] = {}
        """Problem and next step of each host, if the error is that of several."""

    @property
    def text(self) -> str:
        """The problem with its next step; with several hosts, each problem with its own."""
        if not self.by_host:
            return "\n".join(filter(None, (self.problem, self.next_step)))
        return "\n".join(f"{host}: {_with_step(*each)}" for host, each in self.by_host.items())


def _with_step(problem: str, next_step: str) -> str:
    return "\n  ".join((problem, *next_step.splitlines()))


@dataclass(frozen=True, order=True)
class Problem:
    """A fault of a file that a person wrote: its place (1-based), its field and the problem."""

    file: str
    line: int
    column: int
    path: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


def _first(problems: list[Problem]) -> tuple[Problem, ...]:
    """Return as many problems as a person reads, with a last one that says there are more."""
    more = problems[MOST_PROBLEMS:]
    if not more:
        return tuple(problems)
    rest = Problem(more[0].file, more[0].line, more[0].column, "", MORE_PROBLEMS)
    return (*problems[:MOST_PROBLEMS], rest)


@dataclass(frozen=True)
class Ending:
    """The end of a run on one host."""

    state: str
    """One of done, failed, rolled back, not rolled back, not accepted, stopped."""
    words: str
    next_step: str = ""
    """Next step of a host that failed."""


class ApplyError(KitError):
    """An apply over several hosts failed on one of them; the error carries the ending of each."""

    def __init__(self, endings: Mapping[str, Ending]) -> None:
        steps = dict.fromkeys(ending.next_step for ending in endings.values() if ending.next_step)
        super().__init__("\n".join(f"{host}: {ending.words}" for host, ending in endings.items()), "\n".join(steps))
        self.endings = endings
        self.by_host = {host: (ending.words, ending.next_step) for host, ending in endings.items()}


class SpecError(KitError):
    """The spec or the lock is not usable; the error carries every problem at once."""

    exit_code = USAGE

    def __init__(self, problems: list[Problem], next_step: str = "") -> None:
        self.problems = _first(sorted(set(problems)))
        super().__init__("\n".join(str(problem) for problem in self.problems), next_step)


class UsageError(KitError):
    """The command line asks for something that does not exist."""

    exit_code = USAGE


class UnreachableError(KitError):
    """A host does not answer: it is off, asleep, or out of the network."""


class HeldError(KitError):
    """Another run holds the host."""

    exit_code = HELD
