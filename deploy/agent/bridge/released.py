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
    """Return the databases among a service's data, the main one first.

    A release names its parts without their kinds. The first one is the main database, and a database is no folder.
    """
    main, *others = (Path(service["data"]["host_path"]) / item["relpath"] for item in service["data"]["items"])
    return [main, *(path for path in others if path.is_file())]
