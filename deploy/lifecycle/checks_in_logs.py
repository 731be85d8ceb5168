"""The lines that the kit's own health checks leave in services' logs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")
BETWEEN = b"| "
"""Compose writes it between a container's name and what that printed."""
Patterns = dict[str, tuple[re.Pattern[str], ...]]


def check_lines(deployment: dict[str, Any] | None) -> Patterns:
    """Return how the health checks of an applied stack look in each service's log; nothing where its release is old."""
    try:
        services = (deployment or {})["services"]
        return {one["name"]: tuple(map(re.compile, one["probe"].get("log_lines", ()))) for one in services}
    except (KeyError, TypeError):
        return {}


def is_check(line: bytes, patterns: tuple[re.Pattern[str], ...]) -> bool:
    """Return whether a whole line is what a good health check leaves."""
    text = COLOURS.sub("", line.decode(errors="replace")).strip()
    return any(pattern.fullmatch(text) for pattern in patterns)


def without_checks(lines: Iterable[bytes], checks: Patterns) -> Iterator[bytes]:
    """Leave such lines out of what Compose prints under the services' names."""
    return (line for line in lines if not is_check(line.partition(BETWEEN)[2], checks.get(service_of(line), ())))


def last_of_each(lines: Iterable[bytes], tail: int) -> Iterator[bytes]:
    """Yield the last lines of each service, in the order in which they came."""
    held = [(service_of(line), line) for line in lines]
    left: dict[str, int] = {}
    for name, _ in held:
        left[name] = left.get(name, 0) + 1
    for name, line in held:
        if left[name] <= tail:
            yield line
        left[name] -= 1


def service_of(line: bytes) -> str:
    """Return the service whose line it is; Compose writes `main-1  | `."""
    return COLOURS.sub("", line.partition(BETWEEN)[0].decode(errors="replace")).strip().rpartition("-")[0]
