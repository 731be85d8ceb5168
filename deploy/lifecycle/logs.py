"""What services print, by the Docker command line of this machine."""

from __future__ import annotations

import os
import subprocess
from collections import deque
from collections.abc import Iterator
from pathlib import Path

from deploy.agent.docker.api import socket_path
from deploy.agent.line import Line
from deploy.errors import AS_ROOT, KitError
from deploy.hosts.engine import docker_environment
from deploy.lifecycle.checks_in_logs import Patterns, is_check, last_of_each, without_checks

# Compose 2.26 writes it before every line, whoever reads.
CLEAR_LINE = b"\x1b[2K"
ROUND_MORE = 30
"""Lines that are read for each one that is asked for: a log without much else is mostly health checks."""


def log_lines(
    project: str,
    services: tuple[str, ...],
    tail: int,
    *,
    follow: bool,
    coloured: bool,
    checks: Patterns,
) -> Iterator[bytes]:
    """Yield what services print, byte for byte, each line under its service's name; these checks are left out."""
    ansi, more = "always" if coloured else "never", ["--follow"] if follow else []
    read = tail if follow or not checks else tail * ROUND_MORE
    lines = without_checks(_compose(project, ["--tail", str(read), *more, *services], ansi), checks)
    # A log that is followed has no end, so its beginning cannot be counted again.
    yield from lines if follow or not checks else last_of_each(lines, tail)


def read_logs(project: str, services: tuple[str, ...], tail: int, checks: Patterns) -> dict[str, list[str]]:
    """Return the last lines of each service; these checks are left out."""
    found = {}
    for service in services:
        patterns = checks.get(service, ())
        plain = ["--no-log-prefix", "--tail", str(tail * ROUND_MORE if patterns else tail), service]
        kept = (line for line in _compose(project, plain, "never") if not is_check(line, patterns))
        found[service] = [line.decode(errors="replace").rstrip("\n") for line in deque(kept, maxlen=tail)]
    return found


def _compose(project: str, words: list[str], ansi: str) -> Iterator[bytes]:
    argv = ["docker", "compose", "--ansi", ansi, "--project-name", project, "logs", *words]
    try:
        process = subprocess.Popen(
            argv,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=docker_environment(os.environ),
        )
    except FileNotFoundError:
        raise KitError("there is no docker command here", f"type: {Line('apply')}") from None
    with process:
        try:
            for line in process.stdout or ():
                yield line.replace(CLEAR_LINE, b"")
        finally:
            process.terminate()
        said = process.stderr.read().decode(errors="replace").strip() if process.stderr else ""
        if process.wait() and said:
            raise _failure(said)


def _failure(said: str) -> KitError:
    socket = socket_path()
    if Path(socket).exists() and not os.access(socket, os.W_OK):
        return KitError(f"this user may not talk to Docker at {socket}", AS_ROOT)
    if "unknown flag: --ansi" in said:
        # Without its plugin the command reads `compose` as nothing and the flags as its own.
        return KitError("Docker Compose is not here", f"type: {Line('apply')}")
    return KitError(said, f"is the stack up? type: {Line('status')}")
