"""Taking a stack away: its containers, or all of it."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.docker.api import Docker, socket_path
from deploy.agent.docker.containers import all_of_stack
from deploy.agent.errors import AgentError
from deploy.agent.releases.remove import MADE
from deploy.hosts.transport import Transport
from deploy.lifecycle.applied import Applied
from deploy.lifecycle.held import Document, OnEvent, call_held


def is_there(there: Applied, *, data: bool) -> bool:
    """Say whether destroy would find anything; looked at without the hold, which would make a folder to be held in."""
    root = Path(there.root)
    if any((root / name).exists() or (root / name).is_symlink() for name in MADE):
        return True
    if data and any(path.exists() for path in (root, *map(Path, there.data_roots))):
        return True
    return _is_in_docker(there.stack)


def _is_in_docker(stack: str) -> bool:
    if not Path(socket_path()).exists():
        return False
    docker = Docker(timeout=10)
    try:
        containers = all_of_stack(docker.containers({"kit.stack": stack}), stack)
        return bool(containers or docker.networks({"com.docker.compose.project": f"kit-{stack}"}))
    except AgentError:
        # What is wrong with the engine is told by the agent, with the way out.
        return True


def take_down(stack: str, transport: Transport, on_event: OnEvent) -> Document:
    """Remove containers and networks; everything else stays."""
    return call_held(transport, stack, "kit down", "down", {}, on_event)


def destroy(there: Applied, transport: Transport, on_event: OnEvent, *, data: bool) -> Document:
    """Remove containers, releases, images and unneeded secrets; user data only where that was asked for."""
    more = {"data": data, "folders": list(there.data_roots) if data else []}
    return call_held(transport, there.stack, "kit destroy", "destroy", more, on_event)
