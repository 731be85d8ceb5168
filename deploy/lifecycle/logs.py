"""Logs of services, streamed from their host."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import LOGS
from deploy.hosts.wire.transport import Transport
from deploy.lifecycle.checks_in_logs import Patterns, is_check, last_of_each, without_checks
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.applied import LogsRequest

# Compose 2.26 writes it before every line, whoever reads.
CLEAR_LINE = b"\x1b[2K"
ROUND_MORE = 30
"""Lines to read for each wanted line: a log without much else is mostly health checks."""


@dataclass(frozen=True)
class Asked:
    """A request for logs of services on one host."""

    stack: str
    services: tuple[str, ...]
    tail: int
    """Number of lines that are wanted."""
    checks: Patterns
    """Service to its health checks, which are left out."""


def log_lines(transport: Transport, asked: Asked, *, follow: bool, coloured: bool) -> Iterator[bytes]:
    """Yield the lines that services print, byte for byte, each under its service's name."""
    is_whole = follow or not asked.checks
    request: LogsRequest = {
        "project": Stack(asked.stack).project,
        "services": list(asked.services),
        "tail": asked.tail if is_whole else asked.tail * ROUND_MORE,
        "follow": follow,
        "coloured": coloured,
        "prefixed": True,
    }
    lines = without_checks(_printed(transport, request), asked.checks)
    # A log that is followed has no end, so its beginning cannot be counted again.
    yield from lines if is_whole else last_of_each(lines, asked.tail)


def read_logs(transport: Transport, asked: Asked) -> dict[str, list[str]]:
    """Return the last lines of each service."""
    logs = {}
    for service in asked.services:
        patterns = asked.checks.get(service, ())
        request: LogsRequest = {
            "project": Stack(asked.stack).project,
            "services": [service],
            "tail": asked.tail * ROUND_MORE if patterns else asked.tail,
            "follow": False,
            "coloured": False,
            "prefixed": False,
        }
        kept = (line for line in _printed(transport, request) if not is_check(line, patterns))
        logs[service] = [line.decode(errors="replace").rstrip("\n") for line in deque(kept, maxlen=asked.tail)]
    return logs


def _printed(transport: Transport, request: LogsRequest) -> Iterator[bytes]:
    for line in transport.lines(LOGS, request):
        yield line.replace(CLEAR_LINE, b"")
