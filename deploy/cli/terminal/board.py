"""What is going on right now, step by step: pure bookkeeping for whoever draws it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from deploy.apply.story import Event, State

SHORT = 1.0
"""Steps that took less than this many seconds, and failed at nothing, leave no line."""


@dataclass
class Running:
    """A step that has begun."""

    label: str
    since: float
    text: str = ""
    done: int | None = None
    total: int | None = None

    @property
    def doing(self) -> str:
        """What it does at the moment, with how much of it is done."""
        return ", ".join(part for part in (amount(self.done, self.total), self.text) if part)


@dataclass(frozen=True)
class Ended:
    """A step that is over."""

    label: str
    seconds: float
    state: State

    @property
    def matters(self) -> bool:
        """Whether it is worth a line of its own."""
        return self.state != "done" or self.seconds >= SHORT


class Board:
    """The running steps, in the order in which they began."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.running: dict[tuple[str, str], Running] = {}
        """By host and step: its end may come when the next phase has begun."""

    def take(self, event: Event) -> Ended | None:
        """Note an event; return the step that it ended."""
        if event.state not in ("start", "progress"):
            begun = self.running.pop((event.host, event.step), Running(event.label, self.clock()))
            return Ended(begun.label, self.clock() - begun.since, event.state)
        step = self.step_of(event)
        if event.state == "progress":
            step.text, step.done, step.total = event.text, event.done, event.total
        return None

    def step_of(self, event: Event) -> Running:
        """Return the running step that an event is about."""
        return self.running.setdefault((event.host, event.step), Running(event.label, self.clock()))


def amount(done: int | None, total: int | None) -> str:
    """Say how many bytes of how many."""
    if done is None:
        return ""
    return size(done) if not total else f"{size(done)} of {size(total)}"


def size(number: int) -> str:
    """Say a number of bytes in the unit that fits."""
    value, unit = float(number), "B"
    for bigger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, bigger
    return f"{value:.0f} {unit}" if unit in ("B", "KiB") or value >= 100 else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Say how long something takes, no finer than is of use."""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
