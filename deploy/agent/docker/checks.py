"""Runs a container's own health check at once: Docker runs it too rarely to wait for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.health_checks import STARTING, asked_port, check_argv
from deploy.agent.errors import AgentError
from deploy.agent.sockets import listening

SECOND = 10**9
SECONDS = 30.0
PROC = Path("/proc")


def health_now(docker: Docker, container: dict[str, Any]) -> str | None:
    """Return the health of an inspected container; for a starting container its check is run now."""
    state = container["State"]
    health: str | None = (state.get("Health") or {}).get("Status")
    if state["Status"] != "running" or health != STARTING:
        return health
    return "healthy" if _passes(docker, container) else health


def _passes(docker: Docker, container: dict[str, Any]) -> bool:
    check = container["Config"].get("Healthcheck") or {}
    argv = check_argv(check)
    if _nobody_listens(container, asked_port(argv)):
        return False
    seconds = check.get("Timeout", 0) / SECOND or SECONDS
    try:
        return bool(argv) and docker.exit_code_of(container["Id"], argv, seconds) == 0
    except AgentError:
        # It ended meanwhile, or takes too long: it is not healthy yet.
        return False


def _nobody_listens(container: dict[str, Any], port: int | None) -> bool:
    """True if the check would surely be refused: starting it costs as much processor time as a second of many a start.

    The container's process is known by its control group, for Docker may count processes in another namespace.
    """
    process = PROC / str(container["State"].get("Pid") or 0)
    try:
        is_its_own = container["Id"] in (process / "cgroup").read_text()
    except OSError:
        return False
    sockets = listening(process / "net") if is_its_own and port else {}
    return bool(port and sockets) and port not in {number for _, number in sockets}
