"""The door to engines on the ports that they have by themselves; its imports cost a probe no time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.protocols.ollama.names import PROTOCOL
from deploy.agent.protocols.ollama.port import PORT, program_at

if TYPE_CHECKING:
    from deploy.agent.contract.containers import ListeningEngine

USUAL = {PORT: (PROTOCOL, program_at)}


def engine_at(address: str, port: int) -> ListeningEngine | None:
    """Return the engine that answers on its usual port; None on any other port or for another program."""
    protocol, asked = USUAL.get(port, ("", None))
    program = asked(address, port) if asked else None
    return {"protocol": protocol, "program": program} if program else None
