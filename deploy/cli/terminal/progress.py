"""Progress of a run: live on a terminal, plain lines on a pipe; always on stderr."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from deploy.apply.event import Event
from deploy.cli.terminal.board import Board, Ended, Running, duration
from deploy.cli.terminal.output import echo, is_coloured

NEWS_PAUSE, SAME_PAUSE = 5.0, 30.0
"""Seconds between two lines of a step on a pipe: for a new activity, and for changed numbers alone."""
STYLES = {"done": "green", "failed": "red", "interrupted": "yellow"}
TURNING = "-\\|/"


class Display(Protocol):
    """Display of events from any thread."""

    def __call__(self, event: Event) -> None:
        """Show one event."""


@contextmanager
def progress(stream: TextIO | None = None) -> Iterator[Display]:
    """Show the events of a run until the block ends."""
    where = stream or sys.stderr
    if is_coloured(where):
        with _live(where) as display:
            yield display
    else:
        yield Plain(where)


class Plain:
    """Display with a line for a step's news and one for its end."""

    def __init__(self, stream: TextIO, board: Board | None = None) -> None:
        self._stream = stream
        self._board = board or Board()
        self._told: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def __call__(self, event: Event) -> None:
        """Print an event that is worth a line."""
        with self._lock:
            if not event.step:
                echo(event.text, self._stream)
                return
            ended = self._board.take(event)
            if ended is not None:
                self._told.pop(ended.label, None)
                if ended.matters:
                    echo(_ending(ended), self._stream)
            elif event.text and (words := self._news(event)):
                echo(f"{self._board.step_of(event).label}: {words}", self._stream)

    def _news(self, event: Event) -> str:
        """Return the news of an event: a new activity at once, progress only now and then."""
        now, kind, step = self._board.clock(), _without_numbers(event.text), self._board.step_of(event)
        if step.label not in self._told:
            self._told[step.label] = kind, now
            return event.text
        text, when = self._told[step.label]
        if now - when < (SAME_PAUSE if kind == text else NEWS_PAUSE):
            return ""
        self._told[step.label] = kind, now
        return step.doing


def _without_numbers(text: str) -> str:
    """Return a text without its numbers, so that a counter makes no difference."""
    return "".join(character for character in text if not character.isdigit())


def _ending(ended: Ended) -> str:
    return f"{ended.label}: {ended.state} {'in' if ended.state == 'done' else 'after'} {duration(ended.seconds)}"


@contextmanager
def _live(stream: TextIO) -> Iterator[Display]:
    from rich.console import Console, Group
    from rich.live import Live
    from rich.text import Text

    board, lock = Board(), threading.Lock()
    console = Console(file=stream, highlight=False)

    def line(step: Running, width: int) -> Text:
        seconds = duration(board.clock() - step.since)
        turning = TURNING[int(board.clock() * 8) % len(TURNING)]
        words = f"{turning} {step.label:<{width}}  {seconds:>6}  "
        return Text.assemble(words, (step.doing, "dim"), no_wrap=True, overflow="ellipsis")

    def view() -> Group:
        with lock:
            width = max((len(step.label) for step in board.running.values()), default=0)
            return Group(*(line(step, width) for step in board.running.values()))

    def show(event: Event) -> None:
        if not event.step:
            console.print(Text(event.text, style="dim"))
            return
        with lock:
            ended = board.take(event)
        if ended is not None and ended.matters:
            told = Text.assemble(
                (f"{ended.state:<6} ", STYLES[ended.state]), ended.label, (f"  {duration(ended.seconds)}", "dim")
            )
            console.print(told)

    with Live(get_renderable=view, console=console, refresh_per_second=8, transient=True, redirect_stdout=False):
        yield show
