"""Waiting for a condition, with a limit, and never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

LOOK_SECONDS = 0.05
COSTLY_LOOK_SECONDS = 1.0
"""Pause of a look that starts programs, which would otherwise keep a processor busy."""
PATIENCE_SECONDS = 300
"""Timeout for what takes a moment on an idle machine: nobody waits so long unless it never comes."""
LONGEST_STATE = 2000
Seen = TypeVar("Seen")


def wait_until(
    seen: Callable[[], Seen],
    what: str,
    seconds: float = PATIENCE_SECONDS,
    *,
    saw: Callable[[], object] | None = None,
    pause: float = LOOK_SECONDS,
) -> Seen:
    """Look until what is seen is true, and return it.

    Args:
        seen: what is looked at.
        what: the condition in words.
        seconds: the limit.
        saw: the state behind a plain yes or no, asked for when the wait was in vain.
        pause: the seconds between two looks.
    """
    deadline = time.monotonic() + seconds
    while True:
        value = seen()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}; last seen: {_state(value, saw)}")
        time.sleep(pause)


def _state(value: object, saw: Callable[[], object] | None) -> str:
    """Return the last state in words; a state that cannot be read is a state as well."""
    try:
        text = repr(value if saw is None else saw())
    except Exception as error:  # noqa: BLE001
        text = f"nothing, for {type(error).__name__}: {error}"
    return text if len(text) <= LONGEST_STATE else f"...{text[-LONGEST_STATE:]}"
