"""Removal of a stack: of its containers, or of all of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import DESTROY, DOWN, REMAINS
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.applied import Applied
from deploy.lifecycle.held import held

if TYPE_CHECKING:
    from deploy.agent.contract.applied import RemainsAnswer, RemainsRequest
    from deploy.agent.contract.removals import DestroyAnswer, DestroyRequest, DownAnswer


def remains(there: Applied, transport: Transport) -> RemainsAnswer:
    """Ask for the remains of a stack, without the hold, which would make a folder for itself."""
    request: RemainsRequest = {
        "stack": there.stack,
        "root": there.root,
        "folders": list(there.data_roots),
        "engines": list(there.engines_outside),
    }
    return transport.call(REMAINS, request)


def is_there(remaining: RemainsAnswer, *, data: bool) -> bool:
    """Return True if destroy would remove anything."""
    return bool(remaining["made"] or remaining["docker"] or (data and (remaining["root"] or remaining["folders"])))


def take_down(stack: str, transport: Transport, on_line: OnLine) -> DownAnswer:
    """Remove containers and networks; everything else stays."""
    with held(transport, stack, "kit down", on_line) as request:
        return transport.call(DOWN, request)


def destroy(there: Applied, transport: Transport, on_line: OnLine, *, data: bool) -> DestroyAnswer:
    """Remove containers, releases, images and unneeded secrets; user data only on request."""
    with held(transport, there.stack, "kit destroy", on_line) as base:
        request: DestroyRequest = {**base, "data": data, "folders": list(there.data_roots) if data else []}
        return transport.call(DESTROY, request)
