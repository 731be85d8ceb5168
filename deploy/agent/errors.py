"""The agent's one form of failure: the problem and the next step, as JSON."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.line import Line

FAILED = 1
HELD = 4


class AgentError(Exception):
    """A failed operation; the control node prints the text unchanged."""

    def __init__(self, problem: str, next_step: str = "", exit_code: int = FAILED, **details: Any) -> None:
        super().__init__(problem)
        self.problem = problem
        self.next_step = next_step
        self.exit_code = exit_code
        self.details = details

    def document(self) -> dict[str, Any]:
        """Return the JSON document that the agent prints."""
        return {"error": {"problem": self.problem, "next": self.next_step}, **self.details}


class FullDiskError(AgentError):
    """A program of the host failed because a disk is full."""


def full_disk(place: Path | str, said: str, again: Line | str | None = None) -> FullDiskError | None:
    """Return the error of a full disk if a program's words tell of one; `again` is the line to type afterwards.

    Words such as "the same command" stand for a line that only the control node knows.
    """
    lines = [line.strip() for line in said.splitlines() if _NO_SPACE.search(line)]
    if not lines:
        return None
    return FullDiskError(f"the disk of {place} is full: {lines[-1]}", f"free some space there, {_then(again)}")


def told(problem: AgentError | OSError, again: Line | str | None = None) -> AgentError:
    """Convert a failure of the host, such as a full disk, to an AgentError; `again` is the line to type afterwards."""
    if isinstance(problem, AgentError):
        return problem
    place, then = str(problem.filename or ""), _then(again)
    words, step = _KNOWN.get(problem.errno or 0, ("", "fix it"))
    if words:
        return AgentError(words.format(place=place or "this host"), f"{step}, {then}")
    said = f"{place}: {problem.strerror}" if place and problem.strerror else problem.strerror or str(problem)
    return AgentError(said, f"{step}, {then}")


def _then(again: Line | str | None) -> str:
    command = again if isinstance(again, str) else f"`{again or Line('apply')}`"
    return f"then run {command} again"


_NO_SPACE = re.compile(r"no space left on device|enough free space in|disk quota exceeded", re.IGNORECASE)
"""Words of programs, the second of apt."""
_DENIED = (
    "{place} cannot be changed: permission denied, also to root",
    "make it changeable (`lsattr` shows an immutable file; a share over the network may map root to nobody)",
)
_KNOWN = {
    errno.ENOSPC: ("the disk of {place} is full", "free some space there"),
    errno.EDQUOT: ("the quota on the disk of {place} is used up", "free some space there or raise the quota"),
    errno.EROFS: (
        "the file system of {place} is read-only",
        "mount it writable (the kernel does this after an error of the disk: see `dmesg`)",
    ),
    errno.EIO: ("the disk of {place} has an error", "see `dmesg`, and replace the disk if it is broken"),
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
}
"""Failures of a host with words and a step of their own."""


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Name a file in a failure while it is written: the host's own error names none."""
    try:
        yield
    except OSError as problem:
        if problem.filename is None and problem.errno in _KNOWN:
            problem.filename = str(path)
        raise


class Interrupted(BaseException):
    """The agent was told to stop; not an Exception, so that no handler swallows it."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number
