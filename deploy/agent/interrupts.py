"""Being told to stop: at once, or once a service that this run has stopped runs again."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from deploy.agent.errors import Interrupted

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class _Waiting:
    """What is told while it cannot be obeyed."""

    depth = 0
    number = 0


def listen() -> None:
    """Turn the first signal into Interrupted; later ones change nothing about that."""
    _Waiting.depth = _Waiting.number = 0
    for number in SIGNALS:
        signal.signal(number, _interrupt)


@contextmanager
def shielded() -> Iterator[None]:
    """Let a signal wait for the end of what would leave a service down if it were cut off."""
    _Waiting.depth += 1
    try:
        yield
    finally:
        _Waiting.depth -= 1
    if _Waiting.number and not _Waiting.depth:
        number, _Waiting.number = _Waiting.number, 0
        raise Interrupted(number)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    for one in SIGNALS:
        signal.signal(one, signal.SIG_IGN)
    if not _Waiting.depth:
        raise Interrupted(number)
    _Waiting.number = number
