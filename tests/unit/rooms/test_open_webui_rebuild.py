"""A lost index is made anew by the application behind a restore: stores on disk are as chroma writes them."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent import drill, restored, vector_store
from tests.unit.rooms.vector_stores import VectorStore, write_index

REINDEX, DESCRIBE, REMEMBER = (
    "/api/v1/knowledge/reindex",
    "/api/v1/knowledge/metadata/reindex",
    "/api/v1/memories/reindex",
)
QUERY, PROCESS = "/api/v1/retrieval/query/doc", "/api/v1/retrieval/process/file"
TEXT = "The stairs of the lighthouse are painted green."
SCHEMA = """
CREATE TABLE "user" (id TEXT, email TEXT, role TEXT);
CREATE TABLE auth (id TEXT);
CREATE TABLE chat (id TEXT, user_id TEXT, chat TEXT, updated_at INTEGER);
CREATE TABLE file (id TEXT, user_id TEXT, filename TEXT, data TEXT, created_at INTEGER);
CREATE TABLE knowledge (id TEXT, name TEXT);
INSERT INTO "user" VALUES ('bob', 'bob@localhost', 'user'), ('ann', 'ann@localhost', 'admin');
INSERT INTO "user" VALUES ('kit', 'kit@localhost', 'admin');
INSERT INTO knowledge VALUES ('base', 'Recipes');
"""


class Page(ThreadingHTTPServer):
    """An Open WebUI that answers every request as its actions say, and remembers them."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.actions: dict[str, Callable[[], int]] = {}

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


class Handler(BaseHTTPRequestHandler):
    server: Page

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append((self.path, body))
        status = self.server.actions.get(self.path, lambda: 200)()
        answer = {"documents": [[TEXT]], "role": "admin", "token": "t"} if status == 200 else {}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def page(monkeypatch: pytest.MonkeyPatch) -> Iterator[Page]:
    monkeypatch.setattr(vector_store, "AGAIN_SECONDS", 0.0)
    with Page() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def store(tmp_path: Path) -> VectorStore:
    """Restored data with a knowledge base, a document of a chat, and one person's memories."""
    (tmp_path / "secrets/open_webui").mkdir(parents=True)
    for name in ("webui_secret_key", "kit_admin_password"):
        (tmp_path / "secrets/open_webui" / name).write_text("a secret")
    made = VectorStore(tmp_path / "data")
    for name in ("base", "file-f1", "user-memory-ann", "knowledge-bases"):
        made.add(name, 25, 20)
    with closing(sqlite3.connect(tmp_path / "data/webui.db")) as database, database:
        database.executescript(SCHEMA)
        file = ("f1", "ann", "stairs.txt", json.dumps({"content": TEXT}), 1)
        database.execute("INSERT INTO file VALUES (?, ?, ?, ?, ?)", file)
    return made


def restore(store: VectorStore, page: Page) -> dict[str, Any]:
    root = store.folder.parent.parent
    room = {"address": f"127.0.0.1:{page.server_address[1]}", "account": {"email": "Kit@localhost"}}
    service: Any = {"name": "page", "room": room, "path": str(store.folder.parent)}
    return restored(service, str(root), Journal("", ""))


def lose(store: VectorStore, *collections: str) -> None:
    for collection in collections:
        shutil.rmtree(store.folder / f"vectors-{collection}")


def mending(store: VectorStore, *collections: str) -> Callable[[], int]:
    """Return an action that makes the indexes of collections anew."""

    def mend() -> int:
        for collection in collections:
            write_index(store.folder / f"vectors-{collection}", 20)
        return 200

    return mend


def test_a_whole_index_is_only_searched(store: VectorStore, page: Page) -> None:
    assert restore(store, page) == {"rebuilt": [], "findings": ["search finds the newest document"]}
    assert page.paths == [QUERY]


def test_a_lost_knowledge_base_is_made_anew_with_its_files(store: VectorStore, page: Page) -> None:
    lose(store, "base", "file-f1")
    page.actions[REINDEX] = mending(store, "base", "file-f1")
    answer = restore(store, page)
    assert [words.partition(": ")[0] for words in answer["rebuilt"]] == [
        "search does not find 20 of 25 chunks of the knowledge base Recipes",
        "search does not find 20 of 25 chunks of the document stairs.txt",
    ]
    assert answer["findings"] == ["search finds the newest document"]
    assert page.paths == [QUERY, REINDEX, QUERY]


def test_a_document_of_a_chat_memories_and_descriptions_are_made_anew_each_by_its_own_action(
    store: VectorStore, page: Page
) -> None:
    lose(store, "file-f1", "user-memory-ann", "knowledge-bases")
    page.actions[PROCESS] = mending(store, "file-f1")
    page.actions[DESCRIBE] = mending(store, "knowledge-bases")
    page.actions[REMEMBER] = mending(store, "user-memory-ann")
    assert len(restore(store, page)["rebuilt"]) == 3
    assert page.paths == [QUERY, DESCRIBE, REMEMBER, PROCESS, QUERY]
    assert page.asked[3] == (PROCESS, {"file_id": "f1", "content": TEXT})


def test_nothing_is_made_anew_while_the_model_for_vectors_does_not_answer(store: VectorStore, page: Page) -> None:
    lose(store, "base")
    page.actions[QUERY] = lambda: 400
    with pytest.raises(AgentError, match=r"20 of 25 chunks of the knowledge base Recipes.* answered 400") as failure:
        restore(store, page)
    assert "Reindex Embedding Data" in failure.value.next_step
    assert page.paths == [QUERY]


def test_an_action_that_says_yes_and_makes_nothing_is_told(store: VectorStore, page: Page) -> None:
    lose(store, "base")
    with pytest.raises(
        AgentError, match="the page has not made the whole index anew: search does not find 20"
    ) as failure:
        restore(store, page)
    assert "Reindex Embedding Data" in failure.value.next_step


def test_a_document_whose_text_nobody_has_is_told(store: VectorStore, page: Page) -> None:
    lose(store, "file-f1")
    with closing(sqlite3.connect(store.folder.parent / "webui.db")) as database, database:
        database.execute("UPDATE file SET data = NULL")
    with pytest.raises(AgentError, match=r"anew: search does not find 20 of 25 chunks of the document stairs\.txt"):
        restore(store, page)
    assert PROCESS not in page.paths


def test_a_database_without_an_administrator_is_told(store: VectorStore, page: Page) -> None:
    lose(store, "base")
    with closing(sqlite3.connect(store.folder.parent / "webui.db")) as database, database:
        database.execute("""UPDATE "user" SET role = 'user'""")
    with pytest.raises(AgentError, match="the page has no administrator"):
        restore(store, page)
    assert page.paths == []


def test_a_drill_tells_a_lost_index_and_makes_none(store: VectorStore, page: Page) -> None:
    lose(store, "file-f1")
    root = store.folder.parent.parent
    account = {"email": "kit@localhost", "password": {"secret": "kit_admin_password", "owner": "open_webui"}}
    address = f"127.0.0.1:{page.server_address[1]}"
    service: Any = {"name": "page", "room": {"account": account}, "path": str(store.folder.parent), "address": address}
    signed_in, _, document, lost = drill(service, str(root), Journal("", ""))["findings"]
    assert (signed_in, document) == ("signed in as kit@localhost", "no indexed document is in this backup")
    assert lost.startswith("search does not find 20 of 25 chunks of the document stairs.txt: ")
    assert lost.endswith("is missing; a restore makes the index anew")
    assert page.paths == ["/api/v1/auths/signin"]
