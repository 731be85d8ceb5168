"""Interruption of the agent: at once, or after a service that this run stopped runs again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.agent.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Waiting:
    """A signal that cannot be obeyed yet."""

    depth = 0
    number = 0


def listen() -> None:
    """Turn the first signal into Interrupted; later signals have no effect."""
    _Waiting.depth = _Waiting.number = 0
    for number in SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def shielded() -> Iterator[None]:
    """Delay a signal while an interruption would leave a service down."""
    _Waiting.depth += 1
    try:
        yield
    finally:
        _Waiting.depth -= 1
    if _Waiting.number and not _Waiting.depth:
        number, _Waiting.number = _Waiting.number, 0
        raise Interrupted(number)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    if not _Waiting.depth:
        raise Interrupted(number)
    _Waiting.number = number
