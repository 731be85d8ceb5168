"""A service as the running release decided it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.remembered import read_json


def released_service(root: Path, name: str) -> dict[str, Any]:
    """Return a service of the release; raise AgentError if the release does not have it with data."""
    decided = read_json(root / "current" / "deployment.json")
    if decided is None:
        raise AgentError("there is no release on this host", f"run `{Line('apply')}` first")
    services: list[dict[str, Any]] = decided["services"]
    service = next((each for each in services if each["name"] == name and each.get("data")), None)
    if service is None:
        raise AgentError(f"the release on this host has no data of {name}", f"run `{Line('apply')}` first")
    return service


def databases_of(service: dict[str, Any]) -> list[Path]:
    """Return the databases among a service's data, the main one first."""
    data = service["data"]
    return [Path(data["host_path"]) / item["relpath"] for item in data["items"] if item.get("is") == "SqliteFile"]
