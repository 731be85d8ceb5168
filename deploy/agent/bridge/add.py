"""Operation `add`: brings files of the control node into a service, through the program of its room."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.journal import Journal
from deploy.agent.releases.decided import released_service
from deploy.agent.rooms import call_room

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import AddAnswer, AddRequest


def run(request: AddRequest, journal: Journal) -> AddAnswer:
    """Add the files that are not there yet."""
    service = released_service(Path(request["root"]), request["service"])
    wanted = {**service, "to": request["to"], "documents": request["documents"]}
    with journal.step(f"add to {request['to']}"):
        return cast("AddAnswer", call_room(service["kind"], "add", wanted, request["root"], journal))
