"""A drill's questions to Open WebUI: the database is real, the application a server that checks sessions as it does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent import drill, restored

KEY, PASSWORD, TEXT = (
    "the key of sessions",
    "the password of kit",
    "Bread rises in a warm kitchen. The stairs are green.",
)
SCHEMA = """
CREATE TABLE "user" (id TEXT, role TEXT);
CREATE TABLE auth (id TEXT, session_stamp TEXT);
CREATE TABLE chat (id TEXT, user_id TEXT, chat TEXT, updated_at INTEGER);
CREATE TABLE file (id TEXT, user_id TEXT, data TEXT, created_at INTEGER);
INSERT INTO "user" VALUES ('ann', 'admin'), ('bob', 'pending');
INSERT INTO auth VALUES ('ann', 'stamp-1'), ('bob', NULL);
INSERT INTO chat VALUES ('older', 'ann', '{}', 1);
INSERT INTO chat VALUES ('newest', 'ann', '{"history": {"messages": {"m": {"content": "hi"}}}}', 2);
INSERT INTO chat VALUES ('hidden', 'bob', '{}', 3);
"""


class Application(ThreadingHTTPServer):
    """An Open WebUI that has one chat and finds one text."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.messages: dict[str, Any] = {"m": {"content": "hi"}}
        self.chunk = TEXT[:30]


class Handler(BaseHTTPRequestHandler):
    server: Application

    def do_GET(self) -> None:
        is_there = self.path == "/api/v1/chats/newest" and self._is_signed()
        self._answer(200 if is_there else 401, {"chat": {"history": {"messages": self.server.messages}}})

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/api/v1/auths/signin":
            is_right = asked == {"email": "kit@localhost", "password": PASSWORD}
            self._answer(200 if is_right else 400, {"role": "admin", "token": "t"})
        else:
            is_right = self._is_signed() and asked["collection_name"] == "file-f1" and TEXT.startswith(asked["query"])
            self._answer(200 if is_right else 401, {"documents": [[self.server.chunk]]})

    def _is_signed(self) -> bool:
        signed, _, signature = self.headers["Authorization"].removeprefix("Bearer ").rpartition(".")
        wanted = hmac.new(KEY.encode(), signed.encode(), hashlib.sha256).digest()
        claims = json.loads(decoded(signed.partition(".")[2]))
        return decoded(signature) == wanted and (claims["id"], claims["session_stamp"]) == ("ann", "stamp-1")

    def _answer(self, status: int, document: object) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def application() -> Iterator[Application]:
    with Application() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Restored data: accounts and chats, and no document yet."""
    folder = tmp_path / "data"
    (folder / "vector_db").mkdir(parents=True)
    with closing(sqlite3.connect(folder / "webui.db")) as database, database:
        database.executescript(SCHEMA)
    secrets = tmp_path / "secrets/open_webui"
    secrets.mkdir(parents=True)
    (secrets / "webui_secret_key").write_text(f"{KEY}\n")
    (secrets / "kit_admin_password").write_text(PASSWORD)
    return folder


def add_document(data: Path, *, indexed: bool = True) -> None:
    with closing(sqlite3.connect(data / "webui.db")) as database, database:
        database.execute("INSERT INTO file VALUES ('f1', 'ann', ?, 1)", (json.dumps({"content": TEXT}),))
    with closing(sqlite3.connect(data / "vector_db/chroma.sqlite3")) as index, index:
        index.execute("CREATE TABLE collections (name TEXT)")
        index.execute("INSERT INTO collections VALUES (?)", ("file-f1" if indexed else "other",))


def findings(data: Path, application: Application) -> list[str]:
    account = {"email": "kit@localhost", "password": {"secret": "kit_admin_password", "owner": "open_webui"}}
    address = f"127.0.0.1:{application.server_address[1]}"
    service: Any = {"name": "open_webui", "room": {"account": account}, "path": str(data), "address": address}
    words: list[str] = drill(service, str(data.parent), Journal("", ""))["findings"]
    return words


def test_a_drill_signs_in_and_finds_the_newest_chat_and_document(data: Path, application: Application) -> None:
    add_document(data)
    assert findings(data, application) == [
        "signed in as kit@localhost",
        "the newest chat is there with its messages",
        "search finds the newest document",
    ]


def test_data_without_an_indexed_document_is_told_as_such(data: Path, application: Application) -> None:
    assert findings(data, application)[2] == "no indexed document is in this backup"
    add_document(data, indexed=False)
    assert findings(data, application)[2] == "no indexed document is in this backup"


def test_a_chat_without_its_messages_fails_the_drill(data: Path, application: Application) -> None:
    application.messages = {}
    with pytest.raises(AgentError, match="the chat newest came back without its messages"):
        findings(data, application)


def test_a_search_that_finds_something_else_fails_the_drill(data: Path, application: Application) -> None:
    add_document(data)
    application.chunk = "something else"
    with pytest.raises(AgentError, match="search does not find the document f1"):
        findings(data, application)


def test_another_chunk_of_the_same_document_is_not_what_was_searched_for(data: Path, application: Application) -> None:
    add_document(data)
    application.chunk = TEXT[TEXT.index("The stairs") :]
    with pytest.raises(AgentError, match="search does not find the document f1"):
        findings(data, application)


def test_another_key_of_sessions_fails_the_drill(data: Path, application: Application) -> None:
    (data.parent / "secrets/open_webui/webui_secret_key").write_text("another key")
    with pytest.raises(AgentError, match="answered 401"):
        findings(data, application)


def test_restored_data_whose_index_finds_nothing_is_told_with_the_way_to_rebuild_it(
    data: Path, application: Application
) -> None:
    add_document(data)
    address = f"127.0.0.1:{application.server_address[1]}"
    service: Any = {"name": "open_webui", "room": {"address": address}, "path": str(data)}
    expected = {"rebuilt": [], "findings": ["search finds the newest document"]}
    assert restored(service, str(data.parent), Journal("", "")) == expected
    application.chunk = ""
    with pytest.raises(AgentError, match="search does not find the document f1") as failure:
        restored(service, str(data.parent), Journal("", ""))
    assert "Reindex Embedding Data" in failure.value.next_step


def test_a_database_of_a_release_without_a_table_is_told_and_no_fault_of_the_program(
    data: Path, application: Application
) -> None:
    with closing(sqlite3.connect(data / "webui.db")) as database, database:
        database.execute("drop table file")
    service: Any = {"name": "open_webui", "room": {"address": "127.0.0.1:1"}, "path": str(data)}
    with pytest.raises(AgentError, match="no such table: file"):
        findings(data, application)
    with pytest.raises(AgentError, match="no such table: file"):
        restored(service, str(data.parent), Journal("", ""))
