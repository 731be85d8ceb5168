"""The search indexes of the running release's services, by the rules of their rooms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json
from deploy.agent.rooms import call_room, has_operation

if TYPE_CHECKING:
    from deploy.agent.contract.indexes import SeenIndex


def observe(root: Path) -> dict[str, SeenIndex]:
    """Describe the index of each service that has one; a service whose data this user may not read is left out."""
    decided = read_json(root / "current" / "deployment.json") or {}
    seen: dict[str, SeenIndex] = {}
    for service in decided.get("services", []):
        if not service.get("data") or not has_operation(service.get("kind", ""), "index"):
            continue
        asked = {"name": service["name"], "path": service["data"]["host_path"]}
        try:
            answer = call_room(service["kind"], "index", asked, str(root), Journal("", ""))
        except (AgentError, OSError):
            # Its settings and its place are read by others, who tell the cause.
            continue
        seen[service["name"]] = cast("SeenIndex", answer)
    return seen
