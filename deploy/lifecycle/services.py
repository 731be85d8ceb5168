"""Stopping, starting and restarting services that were applied."""

from __future__ import annotations

from typing import Literal

from deploy.hosts.transport import Transport
from deploy.lifecycle.applied import Applied
from deploy.lifecycle.held import Document, OnEvent, call_held

Change = Literal["start", "stop", "restart"]


def change_services(
    there: Applied, transport: Transport, change: Change, services: tuple[str, ...], on_event: OnEvent
) -> Document:
    """Ask the agent, which waits for the health of what it starts and remembers what was stopped."""
    limits = {name: there.health_timeouts[name] for name in services}
    more = {"services": list(services), "health_timeouts": limits}
    return call_held(transport, there.stack, f"kit {change}", change, more, on_event)
