"""A lost index made anew by the application itself, from the texts in its database."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent.admin import Admin
from deploy.components.open_webui.agent.lacks import MEND, OF_BASES, OF_FILE, OF_MEMORIES, lacks
from deploy.components.open_webui.agent.people import SESSIONS, People
from deploy.components.open_webui.agent.stored import connect
from deploy.components.open_webui.agent.values import value_of
from deploy.components.open_webui.agent.vector_store import Lost, lost_of

if TYPE_CHECKING:
    from deploy.components.open_webui.agent.asked import Restored

PATIENCE_SECONDS = 3600
"""Longest wait for one of the application's actions: each chunk needs a vector, and a processor makes some a second."""
# The kit's own account first: it is an administrator in every database that the kit has set up.
_ADMINISTRATOR = """SELECT id FROM "user" WHERE role = 'admin' ORDER BY lower(email) = lower(?) DESC, rowid LIMIT 1"""


def rebuilt(service: Restored, root: str, journal: Journal) -> list[str]:
    """Let the running application make each lost index anew; return what was lost, in words.

    Raise AgentError with the way for a person if it cannot, or if an index is not whole afterwards.
    """
    data = Path(service["path"])
    lost = lost_of(data)
    if not lost:
        return []
    told = lacks(data, lost)
    journal.say(f"{'; '.join(told)}; the page makes its index anew, with a vector for each chunk")
    with closing(connect(data / "webui.db")) as database:
        try:
            admin = _administrator(database, service, root)
            # Its actions remove the old index first: without vectors, nothing at all would be found afterwards.
            _ensure_vectors(admin, lost[0])
            _remake(admin, database, data, lost)
        except AgentError as problem:
            raise AgentError(f"{'; '.join(told)}; {problem.problem}", MEND) from problem
    left = lost_of(data)
    if left:
        raise AgentError(f"the page has not made the whole index anew: {'; '.join(lacks(data, left))}", MEND)
    return told


def _administrator(database: sqlite3.Connection, service: Restored, root: str) -> Admin:
    row = database.execute(_ADMINISTRATOR, (service["room"]["account"]["email"],)).fetchone()
    if row is None:
        raise AgentError("the page has no administrator", MEND)
    admin = People(database, service["room"]["address"], value_of(SESSIONS, root)).session(str(row[0]))
    admin.patience_seconds = PATIENCE_SECONDS
    return admin


def _ensure_vectors(admin: Admin, lost: Lost) -> None:
    """Ask a question: the page refuses it if its model for vectors does not answer."""
    asked = {"collection_name": lost.collection, "query": "kit", "k": 1, "hybrid": False}
    admin.post("/api/v1/retrieval/query/doc", asked)


def _remake(admin: Admin, database: sqlite3.Connection, data: Path, lost: Iterable[Lost]) -> None:
    names = {each.collection for each in lost}
    if any(not name.startswith((OF_FILE, OF_MEMORIES)) and name != OF_BASES for name in names):
        admin.post("/api/v1/knowledge/reindex", {})
        # It has made its files' own indexes as well.
        names = {each.collection for each in lost_of(data)}
    if OF_BASES in names:
        admin.post("/api/v1/knowledge/metadata/reindex", {})
    if any(name.startswith(OF_MEMORIES) for name in names):
        admin.post("/api/v1/memories/reindex", {})
    for name in sorted(name for name in names if name.startswith(OF_FILE)):
        file = name.removeprefix(OF_FILE)
        if text := _text(database, file):
            admin.post("/api/v1/retrieval/process/file", {"file_id": file, "content": text})


def _text(database: sqlite3.Connection, file: str) -> str:
    row = database.execute("SELECT data FROM file WHERE id = ?", (file,)).fetchone()
    return str((json.loads(row[0] or "{}") or {}).get("content") or "") if row else ""
