"""The keys that all requests about a stack have. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract import FORMAT
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import HoldRequest, StackRequest


def base_request(stack: str, run: str) -> StackRequest:
    """Return the keys that every request about a stack has."""
    return {"format": FORMAT, "stack": stack, "root": Stack(stack).root, "run": run}


def hold_request(stack: str, run: str, command: str) -> HoldRequest:
    """Return the request for the right to change a host."""
    return {**base_request(stack, run), "command": command}
