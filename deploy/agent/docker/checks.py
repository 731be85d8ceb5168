"""Runs a container's own health check at once: Docker runs it too rarely to wait for."""

from __future__ import annotations

from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.health_checks import STARTING, check_argv
from deploy.agent.errors import AgentError

SECOND = 10**9
SECONDS = 30.0


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
    seconds = check.get("Timeout", 0) / SECOND or SECONDS
    try:
        return bool(argv) and docker.exit_code_of(container["Id"], argv, seconds) == 0
    except AgentError:
        # It ended meanwhile, or takes too long: it is not healthy yet.
        return False
