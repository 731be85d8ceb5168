"""What services print, by the Docker command line of this machine."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.agent.docker.api import socket_path
from deploy.agent.line import Line
from deploy.errors import AS_ROOT, KitError
from deploy.hosts.engine import docker_environment

# Compose 2.26 writes it before every line, whoever reads.
CLEAR_LINE = b"\x1b[2K"


def log_lines(project: str, services: tuple[str, ...], tail: int, *, follow: bool, coloured: bool) -> Iterator[bytes]:
    """Yield what services print, byte for byte, each line under its service's name."""
    more = ["--follow"] if follow else []
    yield from _compose(project, ["--tail", str(tail), *more, *services], "always" if coloured else "never")


def read_logs(project: str, services: tuple[str, ...], tail: int) -> dict[str, list[str]]:
    """Return the last lines of each service."""
    plain = ["--no-log-prefix", "--tail", str(tail)]
    return {
        service: [line.decode(errors="replace").rstrip("\n") for line in _compose(project, [*plain, service], "never")]
        for service in services
    }


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
    return KitError(said, f"is the stack up? type: {Line('status')}")
