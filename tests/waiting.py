"""Waiting for a condition, with a limit, and never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 300
"""For what takes a moment on an idle machine: nobody waits so long unless it never comes."""
Seen = TypeVar("Seen")


def wait_until(seen: Callable[[], Seen], what: str, seconds: float = PATIENCE_SECONDS) -> Seen:
    """Look until what is seen is true, and return it."""
    deadline = time.monotonic() + seconds
    while True:
        value = seen()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain until {what}")
        time.sleep(LOOK_SECONDS)
