"""A room's own program on the host: its `agent/`, which travels in the agent's file."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

KIND = re.compile(r"[a-z][a-z0-9_]*")
LOOKING = ("observe", "look", "index")
"""Read-only operations, which get no journal."""
OPERATIONS = (*LOOKING, "apply", "drill", "restored", "add")


def call_room(kind: str, operation: str, service: dict[str, object], root: str, journal: Journal) -> dict[str, Any]:
    """Run a room's operation."""
    if not KIND.fullmatch(kind) or operation not in OPERATIONS:
        raise AgentError(f"no room {kind!r} has an operation {operation!r}")
    try:
        room = import_module(f"deploy.components.{kind}.agent")
    except ModuleNotFoundError:
        raise AgentError(f"the room {kind} has no program for hosts", "this is a fault of the kit") from None
    if not hasattr(room, operation):
        raise AgentError(f"the program of the room {kind} has no operation {operation!r}", "this is a fault of the kit")
    arguments = (service, root) if operation in LOOKING else (service, root, journal)
    answer: dict[str, Any] = getattr(room, operation)(*arguments)
    return answer


def has_operation(kind: str, operation: str) -> bool:
    """True if a room's program has an operation; some rooms have no program."""
    try:
        return hasattr(import_module(f"deploy.components.{kind}.agent"), operation)
    except ModuleNotFoundError:
        return False
