"""Edits of a played page's database: containers are played, the database is real."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.bridge import edit
from deploy.agent.contract.bridge import EditAnswer
from deploy.agent.contract.frames import CutOffError
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.journal import Journal
from tests.unit.agent.bridge.conftest import Bridge

QUIET = Journal("", "")
Edit = Callable[[Path], object]


class Played:
    """A Docker with a page, and what was done with it in its order."""

    def __init__(self) -> None:
        self.state = "running"
        self.done: list[str] = []
        self.problem: BaseException | None = None

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": "page"}
        return [{"Id": "1", "Labels": labels, "State": self.state, "Created": 1}]

    def start(self, _id: str) -> None:
        self.done.append("start")
        self.state = "running"

    def stop(self, _docker: Any, _id: str) -> None:
        self.done.append("stop")
        self.state = "exited"

    def healthy(self, _request: Any, _journal: Any) -> None:
        self.done.append("healthy")
        if self.problem is not None:
            raise self.problem


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Played:
    played = Played()
    monkeypatch.setattr(edit, "Docker", lambda: played)
    monkeypatch.setattr(edit, "stop_container", played.stop)
    monkeypatch.setattr(edit, "start", played.healthy)
    monkeypatch.setattr(edit, "remember_places", lambda _root, _places: None)
    monkeypatch.setattr(edit, "released_places", lambda _root: {"page": {}})
    return played


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch, bridge: Bridge, docker: Played) -> Callable[[Edit], EditAnswer]:
    """Run an edit of the copy, which is given away and comes back as over the wire."""

    def run(by_person: Edit) -> EditAnswer:
        def piped(_name: str) -> Iterator[bytes]:
            assert docker.state == "exited" or "stop" not in docker.done
            copy = bridge.root / "copy.db"
            copy.write_bytes(b"".join(edit.give(bridge.request, QUIET)))
            by_person(copy)
            yield copy.read_bytes()

        monkeypatch.setattr(edit, "piped", piped)
        return edit.run(bridge.request, QUIET)

    return run


def say_second(copy: Path) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("pragma journal_mode=delete")
        connection.execute("insert into said values ('second')")
        connection.commit()


def test_an_edited_copy_takes_the_place_of_the_database_and_the_former_one_is_kept(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer]
) -> None:
    os.chown(bridge.database, 12345, 54321)
    bridge.database.chmod(0o640)
    answer = edited(say_second)
    assert (answer["changed"], docker.done) == (True, ["stop", "start", "healthy"])
    assert bridge.words() == ["first", "second"]
    assert bridge.words(Path(answer["aside"]) / "webui.db") == ["first"]
    status = bridge.database.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (12345, 54321, 0o640)
    assert not (bridge.root / "run" / "edit").exists()


def test_the_copy_has_what_a_killed_service_left_in_the_log(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer]
) -> None:
    with closing(sqlite3.connect(bridge.database)) as held:
        held.execute("insert into said values ('in the log')")
        held.commit()
        edited(say_second)
    assert bridge.words() == ["first", "in the log", "second"]
    assert docker.state == "running"


def test_another_folder_in_the_place_of_the_data_is_refused_and_nothing_is_written_into_it(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer], tmp_path: Path
) -> None:
    foreign, away = tmp_path / "foreign", bridge.folder / "away"
    foreign.mkdir()
    os.chown(foreign, 12345, 12345)

    def replace_while_it_is_edited(copy: Path) -> None:
        say_second(copy)
        bridge.data.rename(away)
        bridge.data.symlink_to(foreign)

    with pytest.raises(AgentError, match="belongs to the user 12345, and the kit gave it to"):
        edited(replace_while_it_is_edited)
    assert list(foreign.iterdir()) == []
    assert bridge.words(away / "webui.db") == ["first"]
    docker.done.clear()
    with pytest.raises(AgentError, match="it is another folder"):
        edited(say_second)
    assert docker.done == []


def test_a_copy_that_comes_back_as_it_was_changes_nothing(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer]
) -> None:
    before = bridge.database.stat().st_ino
    answer = edited(lambda _copy: None)
    assert (answer["changed"], answer["aside"], docker.done) == (False, "", ["stop", "start"])
    assert (bridge.words(), bridge.database.stat().st_ino) == (["first"], before)
    assert [path.name for path in bridge.data.iterdir()] == ["webui.db"]


def refuse(problem: BaseException) -> Edit:
    def by_person(_copy: Path) -> None:
        raise problem

    return by_person


@pytest.mark.parametrize(
    ("by_person", "raised"),
    [
        (lambda copy: copy.write_bytes(copy.read_bytes()[:4096] + b"\xff" * 9000), AgentError),
        (lambda copy: copy.write_text("no database at all"), AgentError),
        (refuse(CutOffError()), AgentError),
        (refuse(Interrupted(15)), Interrupted),
        (refuse(OSError(28, "full")), OSError),
    ],
    ids=["broken pages", "another file", "asker gone", "interrupted", "disk full"],
)
def test_a_broken_or_interrupted_edit_changes_nothing_and_the_service_runs_again(
    bridge: Bridge,
    docker: Played,
    edited: Callable[[Edit], EditAnswer],
    by_person: Edit,
    raised: type[BaseException],
) -> None:
    before = bridge.database.stat().st_ino
    with pytest.raises(raised):
        edited(by_person)
    assert docker.done == ["stop", "start"]
    assert (bridge.words(), bridge.database.stat().st_ino) == (["first"], before)
    assert [path.name for path in bridge.data.iterdir()] == ["webui.db"]
    assert not (bridge.root / "run" / "edit").exists()


def test_a_database_that_the_service_cannot_run_with_is_taken_back(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer]
) -> None:
    docker.problem = AgentError("page did not get healthy", "kit logs page")
    with pytest.raises(AgentError, match="the former one is back: page did not get healthy"):
        edited(say_second)
    assert bridge.words() == ["first"]
    assert docker.done == ["stop", "start", "healthy", "stop", "start"]


@pytest.mark.parametrize("state", ["restarting", "paused"])
def test_a_service_that_docker_would_start_by_itself_is_stopped_for_the_edit(
    docker: Played, edited: Callable[[Edit], EditAnswer], state: str
) -> None:
    docker.state = state
    edited(say_second)
    assert docker.done == ["stop", "start", "healthy"]


def test_a_service_that_a_person_stopped_stays_stopped(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer]
) -> None:
    docker.state = "exited"
    assert edited(say_second)["changed"] is True
    assert (bridge.words(), docker.done) == (["first", "second"], [])


def test_a_link_in_the_place_of_the_edited_database_gives_no_other_file_away(
    bridge: Bridge, docker: Played, edited: Callable[[Edit], EditAnswer], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert docker.state == "running"
    os.chown(bridge.database, 12345, 12345)
    secret = bridge.root / "secret"
    secret.write_text("of root alone")
    secret.chmod(0o600)

    def swap(path: Path) -> None:
        path.unlink()
        path.symlink_to(secret)

    monkeypatch.setattr(edit, "_ensure_whole", swap)
    edited(say_second)
    status = secret.stat()
    assert (status.st_uid, status.st_mode & 0o777) == (os.geteuid(), 0o600)
