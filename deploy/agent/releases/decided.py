"""A service with user data as the running release decided it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.stack.deployed import FILE, deployed

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Data, Service


def decided_service(root: Path, name: str) -> Service | None:
    """Return the release's decisions about a service with user data; None without one."""
    services = deployed(root / "current").get("services", [])
    return next((each for each in services if each["name"] == name and each.get("data")), None)


def released_service(root: Path, name: str) -> Service:
    """Return the same; raise AgentError without one."""
    if (service := decided_service(root, name)) is not None:
        return service
    if not (root / "current" / FILE).exists():
        raise AgentError("there is no release on this host", f"run `{Line('apply')}` first")
    raise AgentError(f"the release on this host has no data of {name}", f"run `{Line('apply')}` first")


def data_of(service: Service) -> Data:
    """Return the user data of a service that has some; raise KeyError for every other one."""
    if (data := service["data"]) is None:
        raise KeyError(f"{service['name']} has no user data")
    return data
