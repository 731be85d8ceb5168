"""Open WebUI's limit of sign-ins: it is waited for, with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")
SIGN_IN, TOO_MANY = "/api/v1/auths/signin", 429
LIMIT = "Open WebUI allows an account 15 sign-ins in three minutes, and refuses further ones"
MINUTES = 5
"""Time until sign-ins are allowed again: four of the clock's minutes, and one for a host with another clock."""


def patiently(ask: Callable[[], Answer], status: Callable[[Answer], int], say: Callable[[str], None]) -> Answer:
    """Sign in, again and again while sign-ins are limited; return the last answer.

    Open WebUI counts refused sign-ins too, by the clock's minutes.
    """
    for _ in range(MINUTES):
        answer = ask()
        if status(answer) != TOO_MANY:
            return answer
        say(f"waits for up to {MINUTES} minutes: {LIMIT}")
        time.sleep(61 - time.time() % 60)
    return ask()
