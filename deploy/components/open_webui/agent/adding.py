"""Documents for a knowledge base of Open WebUI: each is uploaded once, known by the sha256 of its bytes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.frames import CutOffError
from deploy.agent.errors import AgentError
from deploy.agent.inputs.sent import piped
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.components.open_webui.agent.admin import Admin, RefusedError
from deploy.components.open_webui.agent.stored import connect

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import AddAnswer, Document, Refused

LOOK_SECONDS = 0.2
SAY_SECONDS = 10.0
LIMIT_SECONDS = 30 * 60.0
"""Time for one document: a page that restarts while it reads an upload never ends that upload."""
MOST_NAMED = 5
DUPLICATE = "Duplicate content"
"""Open WebUI's words for a file whose text the knowledge base has already."""
_BASES = "SELECT id FROM knowledge WHERE name = ?"
_HELD = "SELECT file.meta FROM knowledge_file JOIN file ON file.id = file_id WHERE knowledge_id = ?"
_UNFINISHED = (
    "SELECT file.id, file.meta FROM file JOIN user ON user.id = file.user_id WHERE lower(user.email) = ?"
    " AND file.id NOT IN (SELECT file_id FROM knowledge_file)"
)


def add_documents(admin: Admin, database: Path, to: str, documents: list[Document], journal: Journal) -> AddAnswer:
    """Upload each document that the knowledge base lacks; a refused one does not stop the others."""
    base = _base(admin, database, to, journal)
    _remove_unfinished(admin, database, base)
    held = {_meta(row[0]).get("file_hash") for row in _rows(database, _HELD, base)}
    added: list[str] = []
    present: list[str] = []
    refused: list[Refused] = []
    for number, document in enumerate(documents):
        journal.say(f"{number + 1} of {len(documents)}: {document['name']}")
        if document["sha256"] in held:
            present.append(document["name"])
            continue
        with _naming_the_rest(documents, number):
            problem = _added(admin, base, document, journal)
        if problem and not problem.startswith(DUPLICATE):
            refused.append({"name": document["name"], "problem": problem})
            continue
        held.add(document["sha256"])
        (present if problem else added).append(document["name"])
    return {"changed": bool(added), "added": added, "present": present, "refused": refused}


@contextmanager
def _naming_the_rest(documents: list[Document], number: int) -> Iterator[None]:
    """Let a failure of one document name this one and those behind it."""
    try:
        yield
    except AgentError as failure:
        names = [document["name"] for document in documents[number:]]
        more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
        rest = f"not added yet: {', '.join(names[:MOST_NAMED])}{more}; the same command continues with them"
        failure.next_step = f"{failure.next_step}\n{rest}"
        raise


def _base(admin: Admin, database: Path, to: str, journal: Journal) -> str:
    """Return the id of the knowledge base with this name; made if there is none."""
    bases = [str(row[0]) for row in _rows(database, _BASES, to)]
    if len(bases) > 1:
        raise AgentError(f"there are {len(bases)} knowledge bases named {to}", "give each its own name in the page")
    if bases:
        return bases[0]
    journal.say(f"making the knowledge base {to}")
    # Without grants administrators alone see it: sharing is a person's choice, made in the page.
    made = admin.post("/api/v1/knowledge/create", {"name": to, "description": "", "access_grants": []})
    return str(made["id"])


def _remove_unfinished(admin: Admin, database: Path, base: str) -> None:
    """Remove what an interrupted run uploaded without an end: nobody else sees it."""
    for file, meta in _rows(database, _UNFINISHED, admin.email):
        if (_meta(meta).get("data") or {}).get("knowledge_id") == base:
            admin.delete(f"/api/v1/files/{file}")


def _added(admin: Admin, base: str, document: Document, journal: Journal) -> str:
    """Upload one document and wait until it can be searched; return Open WebUI's refusal in words, or nothing."""
    fields = {"metadata": json.dumps({"knowledge_id": base, "file_hash": document["sha256"]})}
    pieces = _pieces(document)
    try:
        file = admin.upload("/api/v1/files/", fields, (document["name"], document["size"]), pieces)["id"]
    except RefusedError as refusal:
        # The rest of a stream that was not read would be taken for the next one.
        for _ in pieces:
            pass
        return str(refusal)
    if _status_at_end(admin, file, document["name"], journal) == "completed":
        return ""
    words = str((admin.get(f"/api/v1/files/{file}").get("data") or {}).get("error") or "it cannot be read")
    admin.delete(f"/api/v1/files/{file}")
    return words


def _status_at_end(admin: Admin, file: str, name: str, journal: Journal) -> str:
    """Wait until an upload can be searched or has failed, and say from time to time how long it takes."""
    begun = said = time.monotonic()
    while True:
        status = str(admin.get(f"/api/v1/files/{file}/process/status")["status"])
        if status in ("completed", "failed"):
            return status
        now = time.monotonic()
        if now - begun > LIMIT_SECONDS:
            words = f"Open WebUI has not read {name} after {LIMIT_SECONDS / 60:.0f} minutes"
            raise AgentError(words, f"see `{Line('logs', 'open_webui')}`")
        if now - said >= SAY_SECONDS:
            journal.say(f"{name}: Open WebUI has been reading it for {now - begun:.0f} s")
            said = now
        time.sleep(LOOK_SECONDS)


def _pieces(document: Document) -> Iterator[bytes]:
    try:
        yield from piped(document["sha256"])
    except CutOffError:
        raise AgentError(f"{document['name']} ended before its end", "run the same command again") from None


def _rows(database: Path, question: str, value: str) -> list[tuple[Any, ...]]:
    with closing(connect(database)) as connection:
        return connection.execute(question, (value,)).fetchall()


def _meta(text: str | None) -> dict[str, Any]:
    meta = json.loads(text) if text else {}
    return meta if isinstance(meta, dict) else {}
