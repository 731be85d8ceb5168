"""Runs an operation of a room's own program; every changing operation needs the hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from deploy.agent.holder import working
from deploy.agent.journal import Journal
from deploy.agent.rooms import call_room

if TYPE_CHECKING:
    from deploy.agent.contract.rooms import RoomAnswer, RoomRequest


def run(request: RoomRequest, journal: Journal) -> RoomAnswer:
    """Call the operation with the request's fields as the service."""
    operation, kind = request["operation"], request["kind"]
    service = {**request, "name": request["service"]}
    if operation == "observe":
        observed = call_room(kind, operation, service, request["root"], journal)
        return cast("RoomAnswer", {"changed": False, **observed})
    with working(request, f"room {kind}"), journal.step(f"settings of {request['service']}"):
        return cast("RoomAnswer", call_room(kind, operation, service, request["root"], journal))
