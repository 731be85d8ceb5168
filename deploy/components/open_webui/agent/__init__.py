"""Open WebUI on the host: reads the settings that the kit owns from its database, sets them through its admin API.

Documents are added through the same API.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.components.open_webui.agent.drift import drift
from deploy.components.open_webui.agent.person import missing_person, person_name, remember_person
from deploy.components.open_webui.agent.stored import Stored, looked, readable
from deploy.components.open_webui.agent.values import value_of

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import AddAnswer
    from deploy.agent.contract.indexes import SeenIndex
    from deploy.agent.contract.probe import Settings
    from deploy.agent.contract.rooms import RoomAnswer
    from deploy.components.open_webui.agent.asked import (
        Adding,
        Drilled,
        Indexed,
        Looked,
        Owned,
        Restored,
        Service,
    )


def observe(service: Service, root: str) -> Settings:
    """Return the owned settings that differ, and the person's account if it is missing; changes nothing."""
    room = service["room"]
    try:
        stored = Stored(Path(room["database"]))
        return {"drift": [*drift(room["settings"], stored, root), *missing_person(room, stored, root)]}
    except PermissionError:
        return {"problem": f"only root can read {room['database']}", "next": "run the same command as root"}
    except (OSError, sqlite3.Error, ValueError) as problem:
        return {"problem": f"cannot read {room['database']}: {problem}", "next": f"see `{Line('logs')}`"}


def look(service: Looked, _root: str) -> dict[str, object]:
    """Describe the database in a place: its identity and content; changes nothing."""
    return looked(Path(service["path"]) / service["databases"][0], counted=service["counted"])


def drill(service: Drilled, root: str, journal: Journal) -> dict[str, list[str]]:
    """Ask a second Open WebUI, which runs on restored data, for what people had; changes nothing of the first."""
    from deploy.components.open_webui.agent.proof import findings

    with _reading(f"the database in {service['path']}"):
        return {"findings": findings(service, root, journal)}


def restored(service: Restored, root: str, journal: Journal) -> dict[str, list[str]]:
    """Search for the newest document of restored data, and let the application make a lost index anew.

    Raise AgentError if search does not find what is there.
    """
    from deploy.components.open_webui.agent.proof import searched
    from deploy.components.open_webui.agent.rebuild import rebuilt

    with _reading(f"the database in {service['path']}"):
        return {"rebuilt": rebuilt(service, root, journal), "findings": [searched(service, root)]}


def index(service: Indexed, _root: str) -> SeenIndex:
    """Return what search does not find because files of its index are lost; changes nothing."""
    from deploy.components.open_webui.agent.lacks import MEND, lacks
    from deploy.components.open_webui.agent.vector_store import DATABASE, lost_of

    data = Path(service["path"])
    try:
        return {"lost": lacks(data, lost_of(data)), "next": MEND}
    except sqlite3.DatabaseError as problem:
        restore = f"restore a backup: `{Line('backup', 'restore', 'latest')}`"
        return {"lost": [f"search does not work: cannot read {data / DATABASE}: {problem}"], "next": restore}


def apply(service: Service, root: str, journal: Journal) -> RoomAnswer:
    """Set the differing settings, and add the person once; other settings stay as people set them."""
    room = service["room"]
    stored = readable(room["database"])
    wanted = {name: value_of(value, root) for name, value in room["settings"].items()}
    differing = [difference["name"] for difference in drift(room["settings"], stored, root)]
    is_missing = bool(missing_person(room, stored, root))
    if differing or is_missing:
        # Loading what speaks HTTP takes longer than all else of a look at the settings.
        from deploy.components.open_webui.agent.admin import Admin
        from deploy.components.open_webui.agent.setters import setters

        admin = Admin(room["address"])
        admin.sign_in(room["account"]["email"], value_of(room["account"]["password"], root), journal.say)
        for setter in setters(differing):
            setter(admin, wanted)
        _ensure_set(room, root)
        if is_missing:
            admin.add(room["person"]["email"], value_of(room["person"]["password"], root))
            journal.say(f"added the account {room['person']['email']}")
    remembered = remember_person(room, readable(room["database"]), root)
    made = [person_name(room["person"])] if is_missing else []
    return {"changed": bool(differing or is_missing or remembered), "set": [*differing, *made]}


def add(service: Adding, root: str, journal: Journal) -> AddAnswer:
    """Add documents to a knowledge base, by the kit's own account."""
    from deploy.components.open_webui.agent.adding import add_documents
    from deploy.components.open_webui.agent.admin import Admin

    room = service["room"]
    admin = Admin(room["address"])
    admin.sign_in(room["account"]["email"], value_of(room["account"]["password"], root), journal.say)
    with _reading(room["database"]):
        return add_documents(admin, Path(room["database"]), service["to"], service["documents"], journal)


@contextmanager
def _reading(database: str) -> Iterator[None]:
    """Raise AgentError for a database without the tables that are asked for: it may be that of another release."""
    try:
        yield
    except (sqlite3.Error, ValueError) as problem:
        raise AgentError(f"cannot read {database}: {problem}", f"see `{Line('logs', 'open_webui')}`") from problem


def _ensure_set(room: Owned, root: str) -> None:
    left = drift(room["settings"], readable(room["database"]), root)
    if left:
        words = "; ".join(f"{setting['name']} {setting['cause']}" for setting in left)
        raise AgentError(
            f"Open WebUI accepted the settings but did not store them: {words}", f"see `{Line('logs', 'open_webui')}`"
        )
