"""What services print, streamed from their host."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import LOGS
from deploy.hosts.transport import Transport
from deploy.lifecycle.checks_in_logs import Patterns, is_check, last_of_each, without_checks
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.applied import LogsRequest

# Compose 2.26 writes it before every line, whoever reads.
CLEAR_LINE = b"\x1b[2K"
ROUND_MORE = 30
"""Lines that are read for each one that is asked for: a log without much else is mostly health checks."""


def log_lines(
    transport: Transport,
    stack: str,
    services: tuple[str, ...],
    tail: int,
    *,
    follow: bool,
    coloured: bool,
    checks: Patterns,
) -> Iterator[bytes]:
    """Yield what services print, byte for byte, each line under its service's name; these checks are left out."""
    read = tail if follow or not checks else tail * ROUND_MORE
    asked: LogsRequest = {
        "project": Stack(stack).project,
        "services": list(services),
        "tail": read,
        "follow": follow,
        "coloured": coloured,
        "prefixed": True,
    }
    lines = without_checks(_printed(transport, asked), checks)
    # A log that is followed has no end, so its beginning cannot be counted again.
    yield from lines if follow or not checks else last_of_each(lines, tail)


def read_logs(
    transport: Transport, stack: str, services: tuple[str, ...], tail: int, checks: Patterns
) -> dict[str, list[str]]:
    """Return the last lines of each service; these checks are left out."""
    found = {}
    for service in services:
        patterns = checks.get(service, ())
        asked: LogsRequest = {
            "project": Stack(stack).project,
            "services": [service],
            "tail": tail * ROUND_MORE if patterns else tail,
            "follow": False,
            "coloured": False,
            "prefixed": False,
        }
        kept = (line for line in _printed(transport, asked) if not is_check(line, patterns))
        found[service] = [line.decode(errors="replace").rstrip("\n") for line in deque(kept, maxlen=tail)]
    return found


def _printed(transport: Transport, asked: LogsRequest) -> Iterator[bytes]:
    for line in transport.lines(LOGS, asked):
        yield line.replace(CLEAR_LINE, b"")
