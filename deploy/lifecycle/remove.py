"""Taking a stack away: its containers, or all of it."""

from __future__ import annotations

from pathlib import Path

from deploy.deployment import Deployment
from deploy.hosts.transport import Transport
from deploy.lifecycle.held import Document, OnEvent, call_held


def take_down(stack: str, transport: Transport, on_event: OnEvent) -> Document:
    """Remove containers and networks; everything else stays."""
    return call_held(transport, stack, "kit down", "down", {}, on_event)


def destroy(deployment: Deployment, transport: Transport, on_event: OnEvent, *, data: bool) -> Document:
    """Remove containers, releases, images and unneeded secrets; user data only where that was asked for."""
    more = {"data": data, "folders": list(data_roots(deployment)) if data else []}
    return call_held(transport, deployment.stack, "kit destroy", "destroy", more, on_event)


def data_roots(deployment: Deployment) -> tuple[str, ...]:
    """Return the folders that hold user data and models, none of them inside another."""
    folders = {folder.host_path for service in deployment.services for folder in service.folders}
    folders |= {deployment.data_root, *(service.data.host_path for service in deployment.services if service.data)}
    return tuple(sorted(one for one in folders if not any(Path(one).is_relative_to(o) for o in folders - {one})))
