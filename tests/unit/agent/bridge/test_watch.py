from __future__ import annotations

from pathlib import Path

from deploy.agent.bridge.watch import changes, look


def test_new_changed_and_removed_files_are_told_by_path(tmp_path: Path) -> None:
    for name in ("old.txt", "gone.txt", "same.txt"):
        (tmp_path / name).write_text("a")
    before = look([str(tmp_path)])
    (tmp_path / "old.txt").write_text("ab")
    (tmp_path / "gone.txt").unlink()
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "new.txt").write_text("abc")
    told = [(each["change"], Path(each["path"]).name, each["bytes"]) for each in changes(before, look([str(tmp_path)]))]
    assert told == [("new", "new.txt", 3), ("removed", "gone.txt", 0), ("changed", "old.txt", 2)]


def test_a_write_into_a_databases_log_is_a_change_of_the_database(tmp_path: Path) -> None:
    (tmp_path / "webui.db").write_text("abc")
    before = look([str(tmp_path)])
    (tmp_path / "webui.db-wal").write_text("a longer log")
    (change,) = changes(before, look([str(tmp_path)]))
    assert (change["change"], change["path"], change["bytes"]) == ("changed", str(tmp_path / "webui.db"), 3)


def test_files_that_the_kit_has_beside_the_data_are_not_told(tmp_path: Path) -> None:
    (tmp_path / ".kit-aside-1").mkdir()
    (tmp_path / ".kit-aside-1" / "webui.db").write_text("a")
    assert look([str(tmp_path)]) == {}
