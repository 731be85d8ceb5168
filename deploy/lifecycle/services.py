"""Start, stop and restart of applied services."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from deploy.agent.contract.verbs import RESTART, START, STOP
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.applied import Applied
from deploy.lifecycle.held import held

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ServicesAnswer, ServicesRequest

Change = Literal["start", "stop", "restart"]
VERBS = {"start": START, "stop": STOP, "restart": RESTART}


def change_services(
    there: Applied, transport: Transport, change: Change, services: tuple[str, ...], on_line: OnLine
) -> ServicesAnswer:
    """Ask the agent, which waits for the health of started services and remembers stopped ones."""
    limits = {name: there.health_timeouts[name] for name in services}
    with held(transport, there.stack, f"kit {change}", on_line) as base:
        request: ServicesRequest = {**base, "services": list(services), "health_timeouts": limits}
        return transport.call(VERBS[change], request)
