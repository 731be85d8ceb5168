"""Drills of a played host: a snapshot restored beside what runs; containers are played, their data is real."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import databases, drill, left, opened
from deploy.agent.contract.backups import DrillAnswer
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.journal import Journal
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import QUIET, Host, said

DATABASE = "webui.db"


class Docker:
    """A Docker whose page is running."""

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": "page"}
        return [{"Id": "1", "Labels": labels, "State": "running", "Created": 1}]

    def container(self, _name: str) -> dict[str, Any]:
        return {"Id": "1"}

    def remove_whole(self, _name: str) -> None:
        """Have no twin."""


@pytest.fixture
def asked(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Requests to the page's room, with what it could read at that moment."""
    data = {"host_path": str(host.data)}
    page = {"name": "page", "kind": "page", "data": data, "room": {}, "health_timeout_seconds": 5, "ports": []}
    page["ports"] = [{"container_port": 80}]
    (host.root / "current/deployment.json").write_text(json.dumps({"services": [page]}))
    asked: list[dict[str, Any]] = []

    @contextmanager
    def twin(_docker: Any, _inspected: Any, folders: dict[Path, Path], _stack: str) -> Iterator[str]:
        yield str(folders[host.data])

    def call_room(kind: str, operation: str, service: dict[str, Any], root: str, _journal: Journal) -> dict[str, Any]:
        token = (Path(root) / "secrets/page/token").read_text()
        asked.append({"call": (kind, operation), "said": said(Path(service["path"]) / DATABASE), "token": token})
        return {"findings": ["signed in"]}

    for module in (left, opened):
        monkeypatch.setattr(module, "Docker", Docker)
    monkeypatch.setattr(opened, "twin", twin)
    monkeypatch.setattr(opened, "wait_until_ready", lambda *_: None)
    monkeypatch.setattr(opened, "address_of", lambda *_: "172.18.0.9:80")
    monkeypatch.setattr(opened, "has_operation", lambda *_: True)
    monkeypatch.setattr(opened, "call_room", call_room)
    return asked


def drilled(host: Host) -> DrillAnswer:
    request: Any = host.request
    return drill.run(request, QUIET)


def seen(host: Host) -> Any:
    return observe(host.root)["drill"]


def test_a_drill_opens_the_backup_beside_what_runs_and_leaves_nothing(host: Host, asked: list[dict[str, Any]]) -> None:
    snapshot = host.back_up()["snapshot"]
    host.say("later")
    answer = drilled(host)
    assert asked == [{"call": ("page", "drill"), "said": ["first"], "token": "a token"}]
    page, secrets = answer["parts"]
    assert page == {"part": "page", "files": 2, "rows": {DATABASE: 1}, "findings": ["signed in"]}
    assert (secrets["part"], secrets["files"]) == ("secrets", 1)
    assert said(host.database) == ["first", "later"]
    assert not (host.root / "backup/drill").exists()
    assert (answer["snapshot"], seen(host)["problem"], seen(host)["passed"]) == (snapshot, "", seen(host)["ended"])


def test_a_drill_that_fails_leaves_nothing_and_is_remembered(
    host: Host, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    drilled(host)
    passed = seen(host)["passed"]

    def fail(*_: Any) -> Any:
        raise AgentError("search does not find the document", "try an older backup")

    monkeypatch.setattr(opened, "call_room", fail)
    with pytest.raises(AgentError, match="page does not run on the restored data: search does not find"):
        drilled(host)
    assert not (host.root / "backup/drill").exists()
    assert "search does not find" in seen(host)["problem"]
    assert seen(host)["passed"] == passed
    assert len(asked) == 1


def test_an_interrupted_drill_leaves_nothing(
    host: Host, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()

    def interrupt(*_: Any) -> Any:
        assert (host.root / "backup/drill/secrets").is_dir()
        raise Interrupted(2)

    monkeypatch.setattr(opened, "call_room", interrupt)
    with pytest.raises(Interrupted):
        drilled(host)
    assert not (host.root / "backup/drill").exists()
    assert asked == []


def test_what_a_killed_drill_left_goes_before_the_next_backup(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    there = host.root / "backup/drill/secrets"
    there.mkdir(parents=True)
    removed: list[str] = []
    monkeypatch.setattr(left, "remove_twins", lambda _docker, stack: removed.append(stack))
    host.back_up()
    assert (there.exists(), removed) == (False, ["home"])


def test_a_database_with_fewer_rows_than_were_backed_up_fails_the_drill(
    host: Host, asked: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    counted = databases.rows_of

    def fewer(copy: Path, items: Any) -> dict[str, dict[str, int]]:
        if (copy / DATABASE).exists():
            with closing(sqlite3.connect(copy / DATABASE)) as connection, connection:
                connection.execute("delete from said")
        return counted(copy, items)

    monkeypatch.setattr(drill, "rows_of", fewer)
    with pytest.raises(AgentError, match="damaged: said has 0 rows, and had 1"):
        drilled(host)
    assert asked == []
