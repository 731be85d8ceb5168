from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.bridge import folders
from deploy.agent.contract.bridge import BridgeAnswer
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from tests.unit.agent.bridge.conftest import Bridge

QUIET = Journal("", "")


class Docker:
    """A Docker with a page that runs."""

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": "page"}
        return [{"Id": "1", "Labels": labels, "State": "running", "Created": 1}]


@pytest.fixture(autouse=True)
def _docker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "Docker", Docker)


def look(bridge: Bridge) -> BridgeAnswer:
    return folders.run(bridge.request, QUIET)


def test_each_folder_is_told_with_its_owner_and_size_also_a_missing_one(bridge: Bridge) -> None:
    (bridge.folder / "uploads" / "letter.txt").write_text("dear")
    (bridge.folder / "uploads").chmod(0o750)
    data, uploads, gone = look(bridge)["folders"]
    assert (data["container_path"], data["read_only"], data["exists"]) == ("/data", False, True)
    assert (uploads["files"], uploads["bytes"], uploads["mode"]) == (1, 4, "0750")
    assert (uploads["uid"], uploads["gid"]) == (os.getuid(), os.getgid())
    assert (gone["exists"], gone["files"]) == (False, 0)


def test_a_process_that_has_the_database_open_is_told_until_it_closes_it(bridge: Bridge) -> None:
    (database,) = look(bridge)["databases"]
    assert (database["exists"], database["opened_by"], database["log_bytes"]) == (True, [], 0)
    with closing(sqlite3.connect(bridge.database)) as connection:
        connection.execute("insert into said values ('second')")
        connection.commit()
        (database,) = look(bridge)["databases"]
    (opener,) = database["opened_by"]
    assert (opener["pid"], opener["service"]) == (os.getpid(), "")
    assert database["log_bytes"] > 0


def test_a_process_that_has_only_the_log_open_counts(bridge: Bridge) -> None:
    log = Path(f"{bridge.database}-wal")
    log.write_bytes(b"")
    with log.open("rb"):
        (database,) = look(bridge)["databases"]
    assert [opener["pid"] for opener in database["opened_by"]] == [os.getpid()]


def test_a_container_is_told_by_the_name_of_its_service(monkeypatch: pytest.MonkeyPatch, bridge: Bridge) -> None:
    container = "e" * 64

    class Same(Docker):
        def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
            return [{**each, "Id": container} for each in super().containers()]

    monkeypatch.setattr(folders, "Docker", Same)
    monkeypatch.setattr(folders, "_text", lambda path: f"0::/docker/{container}\n" if path.name == "cgroup" else "py")
    with closing(sqlite3.connect(bridge.database)) as connection:
        connection.execute("select * from said").fetchall()
        (database,) = look(bridge)["databases"]
    assert [opener["service"] for opener in database["opened_by"]] == ["page"]


def test_a_service_without_data_in_the_release_is_refused(bridge: Bridge) -> None:
    request: Any = {**bridge.request, "service": "engine"}
    with pytest.raises(AgentError, match="no data of engine"):
        folders.run(request, QUIET)
