"""The search indexes of the running release's services, by the rules of their rooms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.rooms import call_room, has_operation
from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.indexes import SeenIndex


def observe(root: Path) -> dict[str, SeenIndex]:
    """Describe the index of each service that has one; a service whose data this user may not read is left out."""
    seen: dict[str, SeenIndex] = {}
    for service in deployed(root / "current").get("services", []):
        data = service.get("data")
        if not data or not has_operation(service.get("kind", ""), "index"):
            continue
        asked: dict[str, object] = {"name": service["name"], "path": data["host_path"]}
        try:
            answer = call_room(service["kind"], "index", asked, str(root), Journal("", ""))
        except (AgentError, OSError):
            # Its settings and its place are read by others, who tell the cause.
            continue
        seen[service["name"]] = cast("SeenIndex", answer)
    return seen
