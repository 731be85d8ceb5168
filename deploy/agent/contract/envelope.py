"""The parts that requests and answers of many verbs share, and the documents of the hold."""

from __future__ import annotations

from typing import Literal, TypedDict

StepState = Literal["start", "progress", "done", "failed", "interrupted"]


class Call(TypedDict):
    """The way in which a person called the kit, for lines to type."""

    program: str
    file: str


class Request(TypedDict, total=False):
    """The keys that any request may have; the transport adds those that are missing."""

    format: int
    run: str
    """Id of the run that holds the host; empty for a verb that changes nothing."""
    call: Call
    project: str
    """Name of the compose project."""
    attended: bool
    """True if the asker keeps the standard input open until the answer has come: its end interrupts the verb."""
    follows_hold: bool
    """True if the verb ends once its run has lost the hold, as where Ansible asks over SSH and no signal arrives."""


class StackRequest(Request):
    """A request about one stack."""

    stack: str
    root: str
    """Folder of the stack's releases, secrets and memory."""


class Formatted(TypedDict):
    """An answer with a format number of its own."""

    format: int


class Wanted(TypedDict):
    """A line before the answer: the agent reads this stream from its standard input next."""

    wanted: str
    """Name of the stream: a file's sha256, say."""
    start: int
    """First of its bytes that the agent lacks."""
    size: int | None
    """Number of bytes from there on; None where nobody knows it, and the stream comes in frames."""


class Changed(TypedDict):
    """The answer of a verb that converges."""

    changed: bool


class HoldRequest(StackRequest):
    """The run that wants to change a host; the transport adds who asks, and the timeout."""

    command: str


class Asker(TypedDict, total=False):
    """The keys that the transport adds to a request for the hold."""

    user: str
    host: str
    pid: int
    silence_seconds: float
    """Timeout for signs of life; the host is free for others after it."""


class Held(TypedDict):
    """The first line of an agent that holds the host."""

    held: Literal[True]
    run: str


class Holder(TypedDict, total=False):
    """The run that holds a host. A file of an older kit may lack keys."""

    run: str | None
    user: str | None
    host: str | None
    command: str | None
    pid: int
    since: str
    ended: bool


class _Step(TypedDict):
    step: str
    state: StepState


class JournalLine(_Step, total=False):
    """One line of a run's journal."""

    time: float
    run: str
    text: str
    done: int | None
    total: int | None


class Problem(TypedDict):
    """A failure in words."""

    problem: str
    next: str


class _Failure(TypedDict):
    error: Problem


class Failure(_Failure, total=False):
    """The answer of a verb that failed."""

    held_by: Holder
    service: str | None
    log: list[str]
    """Last lines of the service that did not get healthy."""
    rolled_back: bool
    release: str
    """Release that runs again."""
    aside: dict[str, str]
    """Per service, the folder with what was written since the update."""
