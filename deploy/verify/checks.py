"""The vocabulary of the checks: each word asks for one thing and says in words what it found instead."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any


class NotAsPlannedError(Exception):
    """Something is not as it should be; the message names it and never holds a secret."""


def ensure(is_right: object, found: str) -> None:
    """Tell what was found where it is not right."""
    if not is_right:
        raise NotAsPlannedError(found)


def ensure_equal(found: Any, wanted: Any, what: str) -> None:
    """Compare two values that are no secrets."""
    ensure(found == wanted, f"{what} is {found}, not {wanted}")


def ensure_same_set(found: Iterable[str], wanted: Iterable[str], what: str) -> None:
    """Compare two sets, telling what is missing and what is too many."""
    there, planned = set(found), set(wanted)
    differences = (("missing", planned - there), ("not planned:", there - planned))
    parts = [f"{word} {', '.join(sorted(some))}" for word, some in differences if some]
    ensure(not parts, f"{what}: {'; '.join(parts)}")


def ensure_refused(status: int, what: str, allowed: tuple[int, ...] = (401, 403)) -> None:
    """Hold a door to be closed."""
    ensure(status in allowed, f"{what} is answered with {status} without a key")
