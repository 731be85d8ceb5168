"""Stopping, starting and restarting services that were applied."""

from __future__ import annotations

from typing import Literal

from deploy.deployment import Deployment
from deploy.hosts.transport import Transport
from deploy.lifecycle.held import Document, OnEvent, call_held

Change = Literal["start", "stop", "restart"]


def change_services(
    deployment: Deployment, transport: Transport, change: Change, services: tuple[str, ...], on_event: OnEvent
) -> Document:
    """Ask the agent, which waits for the health of what it starts and remembers what was stopped."""
    limits = {name: deployment.service(name).health_timeout_seconds for name in services}
    more = {"services": list(services), "health_timeouts": limits}
    return call_held(transport, deployment.stack, f"kit {change}", change, more, on_event)
