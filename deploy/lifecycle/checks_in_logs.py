"""Log lines of the kit's own health checks."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deploy.deployment.released import Released

COLOURS = re.compile(r"\x1b\[[0-9;]*[mK]")
BETWEEN = b"| "
"""Separator in Compose's output between a container's name and its line."""
Patterns = dict[str, tuple[re.Pattern[str], ...]]


def check_lines(release: Released | None) -> Patterns:
    """Return the patterns of a release's passed health checks by service; empty without a readable release."""
    services = release.services if release else ()
    return {service.name: tuple(map(re.compile, service.log_lines)) for service in services}


def is_check(line: bytes, patterns: tuple[re.Pattern[str], ...]) -> bool:
    """Return True if a whole line is one that a passed health check leaves."""
    text = COLOURS.sub("", line.decode(errors="replace")).strip()
    return any(pattern.fullmatch(text) for pattern in patterns)


def without_checks(lines: Iterable[bytes], checks: Patterns) -> Iterator[bytes]:
    """Leave out such lines; Compose prints each line under its service's name."""
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
    """Return the service of a line; Compose writes `main-1  | `."""
    return COLOURS.sub("", line.partition(BETWEEN)[0].decode(errors="replace")).strip().rpartition("-")[0]
