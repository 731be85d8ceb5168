"""`kit bridge` against a played host of the page."""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import sqlite3
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from deploy.agent.contract.envelope import Held, HoldRequest
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.errors import KitError
from deploy.hosts.reach import Hosts
from deploy.hosts.wire.transport import OnLine, Opened
from tests.unit.cli.conftest import Kit
from tests.unit.refusing import Refusing

SPEC = """\
kit: 1
stack: home
hosts: {here: {}, box: {address: 192.168.1.20, user: admin}}
engines: [{name: main, kind: ollama, host: box}]
gateway: null
webui: {kind: open_webui, host: box, bridge: /srv/bridge, publish: local}
backup: null
"""
EDITED = {"changed": True, "database": "/srv/bridge/data/webui.db", "aside": "/srv/bridge/data/.kit-aside-1"}
STATUS = {
    "service": "open_webui",
    "is_running": True,
    "folders": [
        {
            "host_path": "/srv/bridge/data",
            "container_path": "/data",
            "read_only": False,
            "exists": True,
            "uid": 10103,
            "gid": 1000,
            "mode": "0750",
            "files": 3,
            "bytes": 5 * 2**20,
        }
    ],
    "databases": [
        {
            "path": "/srv/bridge/data/webui.db",
            "exists": True,
            "bytes": 2**20,
            "log_bytes": 2**19,
            "opened_by": [{"pid": 42, "program": "python3", "service": "open_webui"}],
        }
    ],
}


class Box(Refusing):
    """The host of the page: it gives a database away, and keeps what comes back."""

    is_root = True

    def __init__(self, database: bytes) -> None:
        self.database = database
        self.requests: list[tuple[str, Any]] = []
        self.received: dict[str, bytes] = {}
        self.answer: Any = EDITED

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        self.requests.append((verb, request))
        return cast("Answer", STATUS)

    def send(self, verb: Verb[Request, Answer], request: Request, opened: Opened) -> Answer:
        self.requests.append((verb, request))
        names = [document["sha256"] for document in cast("Any", request).get("documents", [])] or ["webui.db"]
        for name in names:
            with opened(name, 0) as pieces:
                self.received[name] = b"".join(pieces)
        return cast("Answer", self.answer)

    @contextmanager
    def receive(self, verb: Verb[Request, Iterator[bytes]], request: Request) -> Iterator[Iterator[bytes]]:
        self.requests.append((verb, request))
        yield iter([self.database])

    def lines(self, verb: Verb[Request, bytes], request: Request) -> Iterator[bytes]:
        self.requests.append((verb, request))
        line = {"time": "2026-11-28T10:00:00Z", "change": "new", "path": "/srv/bridge/static/uploads/a", "bytes": 2**20}
        yield json.dumps(line).encode() + b"\n"

    @contextmanager
    def hold(self, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
        on_line({"step": "stop open_webui", "state": "start", "text": ""})
        yield {"held": True, "run": request["run"]}


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    (tmp_path / "kit.yaml").write_text(SPEC)
    with closing(sqlite3.connect(tmp_path / "seed.db")) as connection, connection:
        connection.execute("create table chat (title text)")
    box = Box((tmp_path / "seed.db").read_bytes())

    def reach(ways: Iterable[str]) -> Hosts:
        return Hosts(dict.fromkeys(ways, box))

    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", reach)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    monkeypatch.chdir(tmp_path)
    return box


def editor(folder: Path, *lines: str) -> str:
    """Return a command that runs lines of Python with the copy's path in `path`."""
    script = folder / "edit.py"
    script.write_text("\n".join(["import sqlite3, sys", "path = sys.argv[1]", *lines]))
    return shlex.join([sys.executable, str(script)])


def left(folder: Path) -> list[Path]:
    return list((folder / "tmp").iterdir())


def test_status_tells_folders_and_the_open_database(kit: Kit, box: Box) -> None:
    shown = kit("bridge", "status").out
    assert "/srv/bridge/data  /data             10103:1000  0750  3      5.0 MiB" in shown
    assert "webui.db is open in python3 (pid 42 of open_webui) (1.0 MiB; 0.5 MiB are in its -wal file alone)" in shown
    assert kit("bridge", "--json").document["hosts"] == {"box": STATUS}
    assert box.requests[0] == ("bridge", {"stack": "home", "root": "/opt/kit/home", "service": "open_webui"})


@pytest.mark.parametrize(
    ("is_running", "log_bytes", "words"),
    [
        (False, 0, "webui.db is closed (1.0 MiB): a copy of the file is whole"),
        (True, 0, "webui.db is closed at this moment (1.0 MiB)"),
        (
            False,
            2**19,
            "closed (1.0 MiB; 0.5 MiB are in its -wal file): a copy of webui.db and webui.db-wal together is whole",
        ),
    ],
)
def test_a_copy_by_hand_is_called_whole_only_if_nobody_can_be_writing(
    kit: Kit, box: Box, monkeypatch: pytest.MonkeyPatch, *, is_running: bool, log_bytes: int, words: str
) -> None:
    (database,) = cast("Any", STATUS["databases"])
    closed = {**STATUS, "is_running": is_running, "databases": [{**database, "opened_by": [], "log_bytes": log_bytes}]}
    monkeypatch.setattr(box, "call", lambda _verb, _request: closed)
    assert f"{words}\n" in kit("bridge").out


def test_a_watch_prints_a_line_for_each_change_and_no_document(kit: Kit, box: Box) -> None:
    assert kit("bridge", "watch").out == "2026-11-28T10:00:00Z  new      /srv/bridge/static/uploads/a  1.0 MiB\n"
    assert kit("bridge", "watch", "--json").code == 2
    assert len(box.requests) == 1


def test_the_edited_copy_goes_back_to_the_host_and_nothing_of_it_stays_here(kit: Kit, box: Box, tmp_path: Path) -> None:
    command = editor(
        tmp_path, "c = sqlite3.connect(path)", "c.execute(\"insert into chat values ('x')\")", "c.commit()"
    )
    shown = kit("bridge", "edit-db", "--with", command)
    assert (shown.code, shown.out.splitlines()[1]) == (0, "what was there before: /srv/bridge/data/.kit-aside-1")
    assert "stop open_webui\nediting " in shown.err
    (tmp_path / "back.db").write_bytes(box.received["webui.db"])
    with closing(sqlite3.connect(tmp_path / "back.db")) as connection:
        assert connection.execute("select title from chat").fetchall() == [("x",)]
    assert left(tmp_path) == []


def test_a_program_that_fails_sends_nothing_back(kit: Kit, box: Box, tmp_path: Path) -> None:
    shown = kit("bridge", "edit-db", "--with", editor(tmp_path, "sys.exit(3)"))
    assert (shown.code, box.received, left(tmp_path)) == (1, {}, [])
    assert "ended with status 3\nnothing was changed\n" in shown.err


ADD_A_CHAT = ("c = sqlite3.connect(path)", "c.execute(\"insert into chat values ('x')\")", "c.commit()", "c.close()")


def test_an_edit_that_does_not_reach_the_host_is_kept_here_with_the_line_that_brings_it(
    kit: Kit, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = box.send

    def lose(verb: Any, request: Any, opened: Opened) -> Any:
        whole(verb, request, opened)
        raise KitError("the connection is lost", "run it again")

    monkeypatch.setattr(box, "send", lose)
    shown = kit("bridge", "edit-db", "--with", editor(tmp_path, *ADD_A_CHAT))
    (kept,) = left(tmp_path)
    line = f"kit bridge edit-db --with 'cp {kept}/webui.db'"
    assert f"run it again\nyour edited copy is {kept}/webui.db: `{line}` puts it in place\n" in shown.err
    assert (shown.code, (kept / "webui.db").read_bytes()) == (1, box.received["webui.db"])
    assert kit("bridge", "edit-db", "--with", "true").code == 1
    assert left(tmp_path) == [kept]


def test_an_edit_of_a_program_that_fails_is_kept_here(kit: Kit, box: Box, tmp_path: Path) -> None:
    shown = kit("bridge", "edit-db", "--with", editor(tmp_path, *ADD_A_CHAT, "sys.exit(1)"))
    (kept,) = left(tmp_path)
    assert (shown.code, box.received, f"your edited copy is {kept}/webui.db: " in shown.err) == (1, {}, True)


def test_a_mistyped_statement_at_the_prompt_of_sqlite3_loses_no_edit(
    kit: Kit, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "sqlite3"
    command = editor(tmp_path, *ADD_A_CHAT, "sys.exit(1)")
    program.write_text(f'#!/bin/sh\nexec {command} "$1"\n')
    program.chmod(0o755)
    assert kit("bridge", "edit-db", "--with", str(program)).code == 1
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    assert kit("bridge", "edit-db", "--with", str(program)).code == 0
    assert len(box.received["webui.db"]) > 0


@pytest.mark.parametrize("line", ["open(path, 'w')", "import os; os.unlink(path)"], ids=["emptied", "removed"])
def test_an_empty_copy_never_takes_the_place_of_the_database(kit: Kit, box: Box, tmp_path: Path, line: str) -> None:
    shown = kit("bridge", "edit-db", "--with", editor(tmp_path, line))
    assert (shown.code, box.received, "the edited webui.db is broken: it is " in shown.err) == (1, {}, True)


def test_a_broken_copy_is_kept_here_for_its_editor(kit: Kit, box: Box, tmp_path: Path) -> None:
    shown = kit("bridge", "edit-db", "--with", editor(tmp_path, "open(path, 'w').write('no database')"))
    assert (shown.code, box.received) == (1, {})
    (kept,) = left(tmp_path)
    assert f"nothing was changed; the broken copy is {kept}/webui.db" in shown.err
    assert (kept.stat().st_mode & 0o777, (kept / "webui.db").read_text()) == (0o700, "no database")


def test_a_program_that_is_not_there_is_told_before_anything_stops(kit: Kit, box: Box) -> None:
    for command in ("no-such-editor --fast", " "):
        assert "there is no program" in kit("bridge", "edit-db", "--with", command).err
    open_quote = kit("bridge", "edit-db", "--with", "vim 'a")
    assert (open_quote.code, open_quote.err.splitlines()[0]) == (2, "error: --with vim 'a: No closing quotation")
    assert box.requests == []


def test_files_are_sent_by_their_hashes_and_refused_ones_fail_the_command(kit: Kit, box: Box, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(name)
    box.answer = {"changed": True, "added": ["a.txt"], "present": [], "refused": [{"name": "b.txt", "problem": "no"}]}
    shown = kit("bridge", "add", "--to", "Manuals", "a.txt", "b.txt", "kit.yaml")
    assert (shown.code, shown.out) == (1, "Manuals: 1 added, 0 there before\nrefused  b.txt: no\n")
    ((verb, request),) = box.requests
    assert (verb, request["to"], request["documents"][0]["size"]) == ("add", "Manuals", 5)
    assert box.received == {hashlib.sha256(name.encode()).hexdigest(): name.encode() for name in ("a.txt", "b.txt")}


def test_what_is_no_file_is_told_before_the_host_is_asked(kit: Kit, box: Box, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("nowhere")
    os.mkfifo(tmp_path / "pipe")
    for words, problem in (
        (["gone.pdf"], "gone.pdf is not there"),
        (["folder", "gone.pdf"], "folder is a folder\ngone.pdf is not there"),
        (["link"], "link is a link to nothing"),
        (["pipe"], "pipe is no file, but a device or a pipe"),
        ([], "there is no file to add"),
    ):
        shown = kit("bridge", "add", "--to", "Manuals", *words)
        assert (shown.code, problem in shown.err) == (2, True)
    assert kit("bridge", "add", "--to", "  ", "kit.yaml").code == 2, "no knowledge base gets a blank name"
    assert box.requests == []


def test_a_file_that_the_person_cannot_read_is_told_before_the_host_is_asked(
    kit: Kit, box: Box, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    # root, as which tests may run, reads everything.
    monkeypatch.setattr("deploy.cli.verbs.bridge.os.access", lambda *_: False)
    shown = kit("bridge", "add", "--to", "Manuals", "letter.txt")
    assert (shown.code, shown.err.splitlines()[0], box.requests) == (2, "error: letter.txt cannot be read by you", [])


def test_another_host_than_the_pages_is_refused_with_its_name(kit: Kit, box: Box) -> None:
    shown = kit("bridge", "status", "--host", "here")
    assert (shown.code, "open_webui is on box" in shown.err, box.requests) == (2, True, [])


def test_a_failure_on_the_way_names_the_host(kit: Kit, box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> Any:
        raise KitError("this disk is full", "make room")

    monkeypatch.setattr(box, "call", refuse)
    assert kit("bridge", "status").err == "error: box: this disk is full\nmake room\n"
