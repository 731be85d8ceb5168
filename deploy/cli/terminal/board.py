"""Running steps of a command: pure bookkeeping for a display."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.apply.event import Event

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StepState

SHORT = 1.0
"""Minimum seconds of a step for a line of its own; a failed step always has one."""


@dataclass
class Running:
    """A step in progress."""

    label: str
    since: float
    text: str = ""
    done: int | None = None
    total: int | None = None

    @property
    def doing(self) -> str:
        """Return its current activity, with the amount done."""
        return ", ".join(part for part in (amount(self.done, self.total), self.text) if part)


@dataclass(frozen=True)
class Ended:
    """A finished step."""

    label: str
    seconds: float
    state: StepState

    @property
    def matters(self) -> bool:
        """Return True if it is worth a line of its own."""
        return self.state != "done" or self.seconds >= SHORT


class Board:
    """The running steps, in the order of their beginnings."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.running: dict[tuple[str, str], Running] = {}
        """Steps by host and name: one may end after the next phase began."""

    def take(self, event: Event) -> Ended | None:
        """Note an event; return the step that it ended, if any."""
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
    """Return the done bytes and the total in words."""
    if done is None:
        return ""
    return size(done) if not total else f"{size(done)} of {size(total)}"


def size(number: int) -> str:
    """Return a number of bytes in a suitable unit."""
    value, unit = float(number), "B"
    for bigger in ("KiB", "MiB", "GiB", "TiB"):
        if value < 1024:
            break
        value, unit = value / 1024, bigger
    return f"{value:.0f} {unit}" if unit in ("B", "KiB") or value >= 100 else f"{value:.1f} {unit}"


def duration(seconds: float) -> str:
    """Return a duration in words, no finer than useful."""
    whole = round(seconds)
    if whole < 1:
        return f"{seconds:.1f} s"
    if whole < 120:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    return f"{minutes // 60} h {minutes % 60:02} min"
