from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from deploy.errors import UsageError
from deploy.lifecycle.bridge import bridged, settled


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "webui.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table said (word text)")
        connection.executemany("insert into said values (?)", [(str(number) * 100,) for number in range(500)])
        connection.commit()
    return path


def test_what_an_editor_left_in_the_log_is_brought_into_the_file(database: Path) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("pragma wal_autocheckpoint=0")
        connection.execute("insert into said values ('last')")
        connection.commit()
        log = Path(f"{database}-wal").read_bytes()
        without = database.read_bytes()
    # As an editor that was killed leaves them.
    database.write_bytes(without)
    Path(f"{database}-wal").write_bytes(log)
    assert settled(database) == ""
    with closing(sqlite3.connect(f"file:{database}?immutable=1", uri=True)) as connection:
        assert connection.execute("select count(*) from said where word = 'last'").fetchone() == (1,)


def test_a_copy_that_another_program_has_open_does_not_count(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other:
        other.execute("begin")
        other.execute("insert into said values ('unfinished')")
        assert settled(database)


def test_a_broken_copy_is_told_in_the_words_of_sqlite(database: Path) -> None:
    content = database.read_bytes()
    database.write_bytes(content[: len(content) // 2] + b"\xff" * (len(content) // 2))
    assert settled(database)
    database.write_text("this is no database")
    assert settled(database) == "file is not a database"


def test_the_service_of_the_bridge_is_found_in_kit_yaml_or_its_lack_is_told(tmp_path: Path) -> None:
    spec = tmp_path / "kit.yaml"
    spec.write_text("kit: 1\nstack: home\nengines: [{name: main, kind: ollama}]\nbackup: null\n")
    bridge = bridged(spec)
    assert (bridge.stack, bridge.service.name, bridge.service.host) == ("home", "open_webui", "here")
    spec.write_text(spec.read_text() + "webui: null\n")
    with pytest.raises(UsageError, match="no service with files for people"):
        bridged(spec)
