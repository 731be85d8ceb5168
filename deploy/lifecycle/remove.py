"""Taking a stack away: its containers, or all of it."""

from __future__ import annotations

from deploy.hosts.transport import Transport
from deploy.lifecycle.applied import Applied
from deploy.lifecycle.held import Document, OnEvent, call_held


def remains(there: Applied, transport: Transport) -> Document:
    """Ask what is there of a stack, without the hold, which would make a folder to be held in."""
    asked = {"folders": list(there.data_roots), "engines": list(there.engines_outside)}
    return transport.call("remains", {"stack": there.stack, "root": there.root, **asked})


def is_there(found: Document, *, data: bool) -> bool:
    """Say whether destroy would find anything."""
    return bool(found["made"] or found["docker"] or (data and (found["root"] or found["folders"])))


def take_down(stack: str, transport: Transport, on_event: OnEvent) -> Document:
    """Remove containers and networks; everything else stays."""
    return call_held(transport, stack, "kit down", "down", {}, on_event)


def destroy(there: Applied, transport: Transport, on_event: OnEvent, *, data: bool) -> Document:
    """Remove containers, releases, images and unneeded secrets; user data only where that was asked for."""
    more = {"data": data, "folders": list(there.data_roots) if data else []}
    return call_held(transport, there.stack, "kit destroy", "destroy", more, on_event)
