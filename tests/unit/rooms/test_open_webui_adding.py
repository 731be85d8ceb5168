"""Documents for a knowledge base: the application's database is real, and its API plays by it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.bridge import Document
from deploy.agent.contract.frames import CutOffError
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.components.open_webui.agent import adding
from deploy.components.open_webui.agent.admin import Admin, RefusedError

QUIET = Journal("", "")
TABLES = """
create table user (id text, email text);
create table knowledge (id text, name text);
create table file (id text, user_id text, meta text);
create table knowledge_file (knowledge_id text, file_id text);
insert into user values ('u1', 'Kit@localhost'), ('u2', 'admin@localhost');
"""


class Page(Admin):
    """An application that keeps files as Open WebUI does: `empty` is refused, `scan` cannot be read."""

    def __init__(self, database: Path) -> None:
        super().__init__("127.0.0.1:1")
        self.email = "kit@localhost"
        self.database = database
        self.failed: dict[str, str] = {}
        self.pending: set[str] = set()

    def write(self, *statement: Any) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(*statement)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert (path, body["access_grants"]) == ("/api/v1/knowledge/create", [])
        self.write("insert into knowledge values ('k1', ?)", (body["name"],))
        return {"id": "k1"}

    def upload(
        self, path: str, fields: dict[str, str], file: tuple[str, int], pieces: Iterable[bytes]
    ) -> dict[str, Any]:
        metadata = json.loads(fields["metadata"])
        assert (path, len(b"".join(pieces))) == ("/api/v1/files/", file[1])
        if file[0] == "empty":
            raise RefusedError("The content provided is empty")
        meta = json.dumps({"file_hash": metadata["file_hash"], "data": metadata})
        self.write("insert into file values (?, 'u1', ?)", (file[0], meta))
        if file[0] in ("scan", "twin"):
            words = {"scan": "no text", "twin": "Duplicate content detected. Please provide unique content."}
            self.failed[file[0]] = words[file[0]]
        else:
            self.write("insert into knowledge_file values (?, ?)", (metadata["knowledge_id"], file[0]))
        return {"id": file[0]}

    def get(self, path: str) -> dict[str, Any]:
        name = path.split("/")[4]
        if path.endswith("/process/status"):
            if name in self.pending:
                return {"status": "pending"}
            return {"status": "failed" if name in self.failed else "completed"}
        return {"data": {"error": self.failed[name]}}

    def delete(self, path: str) -> None:
        self.write("delete from file where id = ?", (path.split("/")[4],))

    def files(self) -> list[str]:
        with closing(sqlite3.connect(self.database)) as connection:
            return [name for (name,) in connection.execute("select id from file order by rowid")]


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Page:
    with closing(sqlite3.connect(tmp_path / "webui.db")) as connection:
        connection.executescript(TABLES)
    monkeypatch.setattr(adding, "piped", sent)
    return Page(tmp_path / "webui.db")


def sent(sha256: str) -> Iterator[bytes]:
    """Send what a document's hash stands for here."""
    yield sha256.encode()


def documents(*names: str) -> list[Document]:
    return [{"name": name, "sha256": f"hash of {name}", "size": len(f"hash of {name}")} for name in names]


def test_each_file_is_added_once_and_those_that_are_refused_are_told_at_the_end(page: Page) -> None:
    wanted = documents("a", "empty", "scan", "b")
    answer = adding.add_documents(page, page.database, "Manuals", wanted, QUIET)
    assert (answer["changed"], answer["added"], answer["present"]) == (True, ["a", "b"], [])
    assert [tuple(each.values()) for each in answer["refused"]] == [
        ("empty", "The content provided is empty"),
        ("scan", "no text"),
    ]
    assert page.files() == ["a", "b"]
    again = adding.add_documents(page, page.database, "Manuals", [*documents("a", "b", "c"), *documents("c")], QUIET)
    assert (again["added"], again["present"], again["refused"]) == (["c"], ["a", "b", "c"], [])


def test_a_text_that_is_there_under_another_name_is_no_failure(page: Page) -> None:
    answer = adding.add_documents(page, page.database, "Manuals", documents("twin"), QUIET)
    assert (answer["added"], answer["present"], answer["refused"], page.files()) == ([], ["twin"], [], [])


def test_what_an_interrupted_run_left_goes_and_other_peoples_files_stay(page: Page) -> None:
    page.write("insert into knowledge values ('k1', 'Manuals')")
    own = json.dumps({"file_hash": "hash of a", "data": {"knowledge_id": "k1"}})
    other = json.dumps({"file_hash": "x", "data": {"knowledge_id": "k2"}})
    page.write("insert into file values ('half', 'u1', ?), ('theirs', 'u2', ?), ('chat', 'u1', ?)", (own, own, other))
    page.write("insert into file values ('old', 'u1', null)")
    answer = adding.add_documents(page, page.database, "Manuals", documents("a"), QUIET)
    assert answer["added"] == ["a"]
    assert page.files() == ["theirs", "chat", "old", "a"]


def test_two_knowledge_bases_of_one_name_are_told_apart_by_a_person(page: Page) -> None:
    page.write("insert into knowledge values ('k1', 'Manuals'), ('k2', 'Manuals')")
    with pytest.raises(AgentError, match="2 knowledge bases named Manuals"):
        adding.add_documents(page, page.database, "Manuals", documents("a"), QUIET)


def test_a_file_that_breaks_off_stops_the_run_which_can_be_run_again(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(_sha256: str) -> Iterator[bytes]:
        yield b"be"
        raise CutOffError

    monkeypatch.setattr(adding, "piped", cut)
    with pytest.raises(AgentError, match="a ended before its end"):
        adding.add_documents(page, page.database, "Manuals", documents("a"), QUIET)


def test_a_file_that_stays_pending_ends_the_run_with_the_names_of_the_rest(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(QUIET, "say", lambda text, *_: said.append(text))
    for name, seconds in (("LOOK_SECONDS", 0), ("SAY_SECONDS", 0), ("LIMIT_SECONDS", 0.01)):
        monkeypatch.setattr(adding, name, seconds)
    page.pending.add("b")
    with pytest.raises(AgentError, match="Open WebUI has not read b after") as failure:
        adding.add_documents(page, page.database, "Manuals", documents(*"abcdefgh"), QUIET)
    assert "not added yet: b, c, d, e, f and 2 more; the same command continues" in failure.value.next_step
    assert any(text.startswith("b: Open WebUI has been reading it for") for text in said)
    page.pending.clear()
    assert adding.add_documents(page, page.database, "Manuals", documents("a", "b"), QUIET)["present"] == ["a", "b"]
