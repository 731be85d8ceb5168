from __future__ import annotations

import os
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.data import copy
from deploy.agent.data.copy import run, take_copy
from deploy.agent.data.put_back import finish_put_back, put_back
from deploy.agent.data.versions import data_versions, remember_versions
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.releases.running import restart, start
from deploy.agent.remembered import write_json
from tests.documents import with_keys

QUIET = Journal("", "")


def request(data: Path) -> Any:
    items = [{"sqlite": "app.db"}, {"sqlite": "vectors/index.db"}, {"tree": "vectors"}, {"tree": "uploads"}]
    return {"service": "one", "host_path": str(data), "uid": os.getuid(), "gid": os.getgid(), "items": items}


def fill(database: Path, rows: int, wal: bool = True) -> None:
    database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(database)) as connection, connection:
        if wal:
            connection.execute("pragma journal_mode=wal")
        connection.execute("create table said (words text)")
        connection.executemany("insert into said values (?)", [(str(n),) for n in range(rows)])


def count(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (number,) = connection.execute("select count(*) from said").fetchone()
    return int(number)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    fill(data / "app.db", 10)
    fill(data / "vectors" / "index.db", 5, wal=False)
    (data / "vectors" / "segment").mkdir()
    (data / "vectors" / "segment" / "link.bin").write_bytes(b"\x00" * 5000)
    (data / "uploads").mkdir()
    (data / "uploads" / "a letter.txt").write_text("dear")
    (data / "uploads" / "latest").symlink_to("a letter.txt")
    (data / "uploads" / "a letter.txt").chmod(0o640)
    return data


def test_copies_of_user_data_lie_in_folders_of_root_alone(data: Path, tmp_path: Path) -> None:
    root = tmp_path / "home"
    old = os.umask(0o022)
    try:
        copy = Path(run(with_keys(request(data), root=str(root), release=None), QUIET)["folder"])
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (copy, copy.parent, copy.parent.parent)}
    assert set(modes.values()) == {0o700}


def test_no_committed_row_is_lost_while_a_writer_goes_on_in_the_write_ahead_log(data: Path, tmp_path: Path) -> None:
    database, committed, stop = data / "app.db", [0], threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(database, isolation_level=None)) as connection:
            connection.execute("pragma wal_autocheckpoint=0")
            while not stop.is_set():
                connection.execute("insert into said values (?)", ("x" * 2000,))
                committed[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(5):
            while committed[0] < 50 * (number + 1):
                pass
            before = committed[0]
            take_copy(request(data), tmp_path / f"copy{number}", QUIET)
            after = committed[0]
            assert before <= count(tmp_path / f"copy{number}" / "data" / "app.db") - 10 <= after + 1
        assert (data / "app.db-wal").stat().st_size > 0
    finally:
        stop.set()
        writer.join()


def test_a_copy_is_put_back_with_modes_and_links_and_the_newer_data_is_kept_aside(data: Path, tmp_path: Path) -> None:
    manifest = take_copy(request(data), tmp_path / "copy", QUIET)
    assert manifest["missing"] == []
    with closing(sqlite3.connect(data / "app.db")) as newer:
        newer.execute("insert into said values ('newer')")
        newer.commit()
        (data / "uploads" / "later.txt").write_text("later")
        (data / "vectors" / "segment" / "link.bin").unlink()
        aside = Path(put_back(tmp_path / "root", "one", tmp_path / "copy", QUIET))
    assert count(data / "app.db") == 10
    assert count(aside / "app.db") == 11
    assert sorted(path.name for path in (data / "uploads").iterdir()) == ["a letter.txt", "latest"]
    assert (data / "uploads" / "a letter.txt").stat().st_mode & 0o777 == 0o640
    assert (data / "uploads" / "latest").readlink() == Path("a letter.txt")
    assert (data / "vectors" / "segment" / "link.bin").read_bytes() == b"\x00" * 5000
    assert count(data / "vectors" / "index.db") == 5
    assert (aside / "uploads" / "later.txt").read_text() == "later"
    assert not (data / ".kit-restore").exists()
    assert not (data / "app.db-wal").exists()


@pytest.mark.parametrize("steps", range(12))
def test_a_putting_back_that_is_cut_off_is_finished_and_loses_neither_side(
    data: Path, tmp_path: Path, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    take_copy(request(data), tmp_path / "copy", QUIET)
    (data / "uploads" / "later.txt").write_text("later")
    left = [steps]
    rename = Path.rename

    def cut_off(self: Path, target: Path) -> Path:
        if left[0] == 0:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(self, target)

    root = tmp_path / "root"
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", cut_off)
        try:
            put_back(root, "one", tmp_path / "copy", QUIET)
        except KeyboardInterrupt:
            assert (root / "run" / "put_back.json").exists()
    finish_put_back(root, QUIET)
    finish_put_back(root, QUIET)
    assert count(data / "app.db") == 10
    assert not (data / "uploads" / "later.txt").exists()
    (aside,) = data.glob(".kit-aside-*")
    assert (aside / "uploads" / "later.txt").read_text() == "later"
    assert not (root / "run" / "put_back.json").exists()


def test_nothing_is_started_on_data_that_was_put_back_by_half(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(self: Path, target: Path) -> Path:
        raise KeyboardInterrupt(self, target)

    take_copy(request(data), tmp_path / "copy", QUIET)
    (data / "uploads" / "later.txt").write_text("later")
    root = tmp_path / "root"
    with monkeypatch.context() as broken:
        broken.setattr(Path, "rename", cut_off)
        with pytest.raises(KeyboardInterrupt):
            put_back(root, "one", tmp_path / "copy", QUIET)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/no.sock")
    for verb in (start, restart):
        with pytest.raises(AgentError, match="no socket at"):
            verb({"root": str(root), "stack": "t", "services": []}, QUIET)
    assert not (root / "run" / "put_back.json").exists()
    assert not (data / "uploads" / "later.txt").exists()


def test_what_was_missing_when_the_copy_was_taken_goes_aside(data: Path, tmp_path: Path) -> None:
    (data / "app.db").unlink()
    assert take_copy(request(data), tmp_path / "copy", QUIET)["missing"] == ["app.db"]
    fill(data / "app.db", 3)
    aside = Path(put_back(tmp_path / "root", "one", tmp_path / "copy", QUIET))
    assert not (data / "app.db").exists()
    assert count(aside / "app.db") == 3


def test_a_copy_is_brought_up_to_date_and_holds_nothing_that_has_gone(data: Path, tmp_path: Path) -> None:
    take_copy(request(data), tmp_path / "copy", QUIET)
    (data / "uploads" / "a letter.txt").write_text("dearest")
    (data / "vectors" / "segment" / "link.bin").unlink()
    take_copy(request(data), tmp_path / "copy", QUIET)
    copied = tmp_path / "copy" / "data"
    assert (copied / "uploads" / "a letter.txt").read_text() == "dearest"
    assert list((copied / "vectors" / "segment").iterdir()) == []


def test_a_damaged_copy_is_not_put_back_and_the_data_stays(data: Path, tmp_path: Path) -> None:
    take_copy(request(data), tmp_path / "copy", QUIET)
    (tmp_path / "copy" / "data" / "uploads" / "a letter.txt").write_text("dumb")
    with pytest.raises(AgentError, match="is damaged; nothing was restored"):
        put_back(tmp_path / "root", "one", tmp_path / "copy", QUIET)
    assert (data / "uploads" / "a letter.txt").read_text() == "dear"
    assert not list(data.glob(".kit-*"))


def test_a_database_that_is_damaged_is_not_copied(data: Path, tmp_path: Path) -> None:
    (data / "app.db").write_bytes(b"SQLite format 3\x00" + b"rubbish" * 500)
    with pytest.raises(AgentError, match="could not be copied"):
        take_copy(request(data), tmp_path / "copy", QUIET)
    assert not (tmp_path / "copy" / "manifest.json").exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files to somebody")
def test_reading_a_database_as_root_leaves_no_file_of_roots_beside_it(data: Path, tmp_path: Path) -> None:
    for path in (data, *data.rglob("*")):
        os.chown(path, 4711, 4711, follow_symlinks=False)
    take_copy(request(data), tmp_path / "copy", QUIET)
    assert {path.lstat().st_uid for path in data.rglob("*")} == {4711}
    (data / "app.db").touch()
    put_back(tmp_path / "root", "one", tmp_path / "copy", QUIET)
    owners = {path.lstat().st_uid for path in data.rglob("*") if ".kit-" not in str(path)}
    assert owners == {4711}


def test_the_release_that_wrote_data_is_remembered_also_when_its_service_is_gone(tmp_path: Path) -> None:
    remember_versions(tmp_path, {"webui": "0.12.4", "engine": None})
    remember_versions(tmp_path, {"engine": None})
    assert data_versions(tmp_path) == {"webui": "0.12.4"}


def test_a_database_is_copied_ahead_of_the_files_that_are_derived_from_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (data / "vectors/0segment").mkdir()
    (data / "vectors/0segment/link.bin").write_bytes(b"1")
    order: list[str] = []
    for name in ("_copy_database", "copy_entry"):
        real = getattr(copy, name)

        def noted(source: Path, target: Path, known: Any, *more: Any, real: Any = real) -> Any:
            order.append(known["path"])
            return real(source, target, known, *more)

        monkeypatch.setattr(copy, name, noted)
    manifest = take_copy(request(data), tmp_path / "copy", QUIET)
    assert order.index("vectors/index.db") < order.index("vectors/0segment/link.bin")
    assert [file["path"] for file in manifest["files"]] == sorted(order)


def test_every_file_is_on_the_disk_before_a_copy_counts_as_complete(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: set[int] = set()
    fsync = os.fsync

    def noted(descriptor: int) -> None:
        fsync(descriptor)
        flushed.add(os.fstat(descriptor).st_ino)

    def complete(path: Path, document: Any) -> None:
        files = {file["path"] for file in document["files"] if file["kind"] == "file"}
        assert {name for name in files if (path.parent / "data" / name).stat().st_ino not in flushed} == set()
        assert "app.db" in files
        write_json(path, document)

    monkeypatch.setattr(os, "fsync", noted)
    monkeypatch.setattr(copy, "write_json", complete)
    take_copy(request(data), tmp_path / "copy", QUIET)
