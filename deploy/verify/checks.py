"""The vocabulary of the checks: each word makes one comparison and tells a difference in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable

Check = Callable[..., None]
LAST: set[Check] = set()
"""Checks that come after all others."""


def last(check: Check) -> Check:
    """Run a check after all others: it waits for an answer that was requested before them."""
    LAST.add(check)
    return check


class NotAsPlannedError(Exception):
    """The host differs from the plan; the message names the difference and holds no secret."""


class UnansweredError(Exception):
    """No answer that tells anything about the host: the check is skipped, with these words."""


def ensure(is_right: object, finding: str) -> None:
    """Raise the finding unless all is right."""
    if not is_right:
        raise NotAsPlannedError(finding)


def ensure_equal(actual: object, wanted: object, subject: str) -> None:
    """Compare two values that are no secrets."""
    ensure(actual == wanted, f"{subject} is {actual}, not {wanted}")


def ensure_same_set(actual: Iterable[str], wanted: Iterable[str], subject: str) -> None:
    """Compare two sets; the finding names the missing members and the unplanned ones."""
    there, planned = set(actual), set(wanted)
    differences = (("missing", planned - there), ("not planned:", there - planned))
    parts = [f"{word} {', '.join(sorted(members))}" for word, members in differences if members]
    ensure(not parts, f"{subject}: {'; '.join(parts)}")


def ensure_refused(status: int, address: str, allowed: tuple[int, ...] = (401, 403)) -> None:
    """Compare a status with those that refuse a caller."""
    ensure(status in allowed, f"{address} is answered with {status} without a key")
