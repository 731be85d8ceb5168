"""What services print, by the Docker command line of this machine."""

from __future__ import annotations

import subprocess

from deploy.errors import KitError


def follow_logs(project: str, services: tuple[str, ...], tail: int, follow: bool) -> int:
    """Print what services print, until its end or until the person has seen enough."""
    argv = ["docker", "compose", "--project-name", project, "logs", "--tail", str(tail)]
    return _run([*argv, *(["--follow"] if follow else []), *services])


def read_logs(project: str, services: tuple[str, ...], tail: int) -> dict[str, list[str]]:
    """Return the last lines of each service."""
    return {service: _lines(project, service, tail) for service in services}


def _lines(project: str, service: str, tail: int) -> list[str]:
    argv = ["docker", "compose", "--project-name", project, "logs", "--no-color", "--no-log-prefix"]
    try:
        done = subprocess.run([*argv, "--tail", str(tail), service], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise _no_docker() from None
    if done.returncode:
        raise KitError(done.stderr.strip(), "is the stack up? type: kit status")
    return done.stdout.splitlines()


def _run(argv: list[str]) -> int:
    try:
        return subprocess.run(argv, check=False).returncode
    except FileNotFoundError:
        raise _no_docker() from None


def _no_docker() -> KitError:
    return KitError("there is no docker command here", "type: kit apply")
