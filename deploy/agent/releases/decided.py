"""A service with user data as the running release decided it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.remembered import read_json


def decided_service(root: Path, name: str) -> dict[str, Any] | None:
    """Return the release's decisions about a service with user data; None without one."""
    document = read_json(root / "current" / "deployment.json") or {}
    return next((each for each in document.get("services", []) if each["name"] == name and each.get("data")), None)


def released_service(root: Path, name: str) -> dict[str, Any]:
    """Return the same; raise AgentError without one."""
    if (service := decided_service(root, name)) is not None:
        return service
    if not (root / "current" / "deployment.json").exists():
        raise AgentError("there is no release on this host", f"run `{Line('apply')}` first")
    raise AgentError(f"the release on this host has no data of {name}", f"run `{Line('apply')}` first")
