"""A drill's questions to Open WebUI on restored data: a sign-in, the newest chat, and a document found by search."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent.admin import Admin
from deploy.components.open_webui.agent.lacks import MEND, lacks
from deploy.components.open_webui.agent.people import SESSIONS, People
from deploy.components.open_webui.agent.stored import connect
from deploy.components.open_webui.agent.values import value_of
from deploy.components.open_webui.agent.vector_store import DATABASE as INDEX
from deploy.components.open_webui.agent.vector_store import lost_of

if TYPE_CHECKING:
    from deploy.components.open_webui.agent.asked import Drilled, Restored

DATABASE = "webui.db"
ASKED_CHARACTERS = 200
"""Beginning of a document's text that is searched for; an embedding model reads no more than some hundred."""
MOST_CHUNKS, HEAD_CHARACTERS = 10, 20
"""Best chunks to look at, and the text that a chunk must share with the question.

An index that lost its files answers with what is left of it: another chunk of the same document proves nothing.
"""
NEXT = "try an older backup"
# A person who waits for an account has no access.
_CHAT = """
SELECT chat.id, user_id, chat.chat FROM chat JOIN "user" AS person ON person.id = user_id
WHERE person.role IN ('admin', 'user') ORDER BY chat.updated_at DESC LIMIT 1
"""
_FILES = """
SELECT file.id, user_id, file.data FROM file JOIN "user" AS person ON person.id = user_id
WHERE person.role IN ('admin', 'user') ORDER BY file.created_at DESC
"""


def findings(service: Drilled, root: str, journal: Journal) -> list[str]:
    """Return what is there of a person's, in words; raise AgentError for what should be and is not."""
    data, account = Path(service["path"]), service["room"]["account"]
    admin = Admin(service["address"])
    admin.sign_in(account["email"], value_of(account["password"], root), journal.say)
    with closing(connect(data / DATABASE)) as database:
        people = People(database, service["address"], value_of(SESSIONS, root))
        chat = _chat(database, people)
        # A restore makes a lost index anew: its loss says nothing against the backup.
        lost = lost_of(data)
        whole = _collections(data / INDEX) - {each.collection for each in lost}
        document = _document(database, whole, people)
    told = [f"{words}; a restore makes the index anew" for words in lacks(data, lost)]
    return [f"signed in as {account['email']}", chat, document, *told]


def searched(service: Restored, root: str) -> str:
    """Return what a search finds in the running application; raise AgentError with the way to rebuild its index."""
    data = Path(service["path"])
    with closing(connect(data / DATABASE)) as database:
        people = People(database, service["room"]["address"], value_of(SESSIONS, root))
        try:
            return _document(database, _collections(data / INDEX), people)
        except AgentError as problem:
            raise AgentError(problem.problem, MEND) from problem


def _chat(database: sqlite3.Connection, people: People) -> str:
    chat = database.execute(_CHAT).fetchone()
    if chat is None:
        return "no chat is in this backup"
    identity, person, written = chat
    there = people.session(person).get(f"/api/v1/chats/{identity}")
    if not _texts(json.loads(written)) <= _texts(there.get("chat") or {}):
        raise AgentError(f"the chat {identity} came back without its messages", NEXT)
    return "the newest chat is there with its messages"


def _document(database: sqlite3.Connection, indexed: set[str], people: People) -> str:
    files = ((identity, person, json.loads(about or "{}")) for identity, person, about in database.execute(_FILES))
    known = next((file for file in files if f"file-{file[0]}" in indexed and file[2].get("content")), None)
    if known is None:
        return "no indexed document is in this backup"
    identity, person, about = known
    question = about["content"][:ASKED_CHARACTERS]
    asked = {"collection_name": f"file-{identity}", "query": question, "k": MOST_CHUNKS, "hybrid": False}
    answer = people.session(person).post("/api/v1/retrieval/query/doc", asked)
    chunks = [_plain(text) for texts in answer.get("documents") or [] for text in texts]
    if not any(_overlap(text, _plain(question)) for text in chunks):
        raise AgentError(f"search does not find the document {identity}", NEXT)
    return "search finds the newest document"


def _overlap(chunk: str, question: str) -> bool:
    """True if a chunk holds the beginning of a question, or begins inside it."""
    head = min(len(question), HEAD_CHARACTERS)
    return len(chunk) >= head and (question[:head] in chunk or chunk[:head] in question)


def _collections(index: Path) -> set[str]:
    if not index.exists():
        return set()
    with closing(connect(index)) as connection:
        return {str(name) for (name,) in connection.execute("SELECT name FROM collections")}


def _plain(text: str) -> str:
    """Return a text without its spaces: the application changes them where it cuts a document."""
    return "".join(text.split())


def _texts(chat: dict[str, Any]) -> set[str]:
    messages = (chat.get("history") or {}).get("messages") or {}
    return {str(message.get("content")) for message in messages.values()}
