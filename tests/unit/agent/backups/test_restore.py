"""Restores of a played host with the real restic; containers are played, their data is real."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import restore
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import Docker, Host, Restore, said


def test_a_restore_brings_data_and_its_owner_back_and_keeps_what_was_there(
    host: Host, put_back: Restore, calls: list[str]
) -> None:
    (host.data / "uploads/letter.txt").chmod(0o640)
    os.chown(host.data / "uploads/letter.txt", 12345, 12345)
    host.back_up()
    host.say("later")
    (host.data / "uploads/letter.txt").unlink()
    answer = put_back()
    assert (answer["parts"], answer["services"], calls) == (["page"], ["page"], ["stop", "start page"])
    assert said(host.database) == ["first"]
    status = (host.data / "uploads/letter.txt").stat()
    assert (status.st_mode & 0o777, status.st_uid, status.st_gid) == (0o640, 12345, 12345)
    assert said(Path(answer["aside"]["page"]) / "webui.db") == ["first", "later"]
    assert not (host.data / ".kit-fetched").exists()


def test_a_page_that_a_broken_database_ends_again_and_again_is_stopped_before_its_restore(
    host: Host, put_back: Restore, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    monkeypatch.setattr(restore, "Docker", type("Restarting", (Docker,), {"state": "restarting"}))
    assert (put_back()["services"], calls) == (["page"], ["stop", "start page"])


def test_what_a_restore_replaces_is_a_backup_that_latest_does_not_mean(
    host: Host, put_back: Restore, tmp_path: Path
) -> None:
    host.keep = {"last": 1}
    host.release()
    first = host.back_up()["snapshot"]
    host.say("later")
    answer = put_back()
    saved = host.restored(answer["saved"], tmp_path / "saved")
    assert said(saved / "data/page/data/webui.db") == ["first", "later"]
    assert [each["before"] for each in host.listed()["snapshots"]] == ["", "restore"]
    assert put_back()["snapshot"] == first


def test_a_database_that_cannot_be_copied_does_not_stop_its_restore(host: Host, put_back: Restore) -> None:
    host.back_up()
    host.database.write_bytes(b"no database" * 1000)
    answer = put_back()
    assert said(host.database) == ["first"]
    assert "could not be copied" in answer["unsaved"]
    assert "problem" not in (observe(host.root)["last"] or {})


def test_a_log_of_the_former_database_is_never_left_beside_the_restored_one(host: Host, put_back: Restore) -> None:
    host.back_up()
    with closing(sqlite3.connect(host.database)) as connection, connection:
        connection.execute("insert into said values ('later')")
        connection.commit()
        # Copied while it is in use: as after a kill, the log holds what the file lacks.
        shutil.copy(f"{host.database}-wal", host.data / "log")
    shutil.copy(host.data / "log", f"{host.database}-wal")
    put_back()
    assert not Path(f"{host.database}-wal").exists()
    assert said(host.database) == ["first"]


def test_an_empty_host_gets_everything_from_the_repository_alone(host: Host, put_back: Restore) -> None:
    host.back_up()
    shutil.rmtree(host.data)
    (host.root / "secrets/page/token").unlink()
    (host.root / "backups.json").unlink()
    host.secret("page", "token", "another token")
    answer = put_back()
    assert answer["parts"] == ["page", "secrets"]
    assert said(host.database) == ["first"]
    assert (host.root / "secrets/page/token").read_text() == "a token"
    assert (host.root / "secrets/page/token").stat().st_mode & 0o777 == 0o400
    assert (host.root / "secrets" / BACKUP_OWNER / BACKUP_KEY).read_text() == "a key"


def test_secrets_alone_come_back_without_the_data(host: Host, put_back: Restore) -> None:
    host.back_up()
    host.say("later")
    (host.root / "secrets/page/token").unlink()
    assert put_back(only=["secrets"])["parts"] == ["secrets"]
    assert said(host.database) == ["first", "later"]
    assert (host.root / "secrets/page/token").read_text() == "a token"


class WithTrial(Docker):
    """A Docker with a running page, and a running trial of it."""

    def containers(self, labels: Any = None) -> list[dict[str, Any]]:
        (page,) = super().containers(labels)
        return [page, {**page, "Id": "2", "Labels": {**page["Labels"], "kit.service": "page.trial"}}]


def test_a_trial_that_a_killed_run_left_takes_no_part_in_a_restore(
    host: Host, put_back: Restore, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    (host.root / "secrets/page/token").unlink()
    monkeypatch.setattr(restore, "Docker", WithTrial)
    assert (put_back()["services"], calls) == (["page"], ["stop", "start page"])


def test_data_that_does_not_run_goes_back_to_the_former_data(
    host: Host, put_back: Restore, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    host.say("later")
    started: list[list[str]] = []

    def start(_request: Any, _journal: Any) -> None:
        started.append(said(host.database))
        if len(started) == 1:
            raise AgentError("page did not get healthy", "kit logs page")

    monkeypatch.setattr(restore, "start", start)
    with pytest.raises(AgentError, match="not restored, and the former data is back: page did not get healthy"):
        put_back()
    assert started == [["first"], ["first", "later"]]
    assert said(host.database) == ["first", "later"]


def test_data_of_a_newer_release_is_never_put_under_an_older_one(
    host: Host, put_back: Restore, calls: list[str]
) -> None:
    host.back_up()
    document = host.root / "current/backup.json"
    document.write_text(document.read_text().replace('"version": "1.0.0"', '"version": "0.9.9"'))
    with pytest.raises(AgentError, match=r"data of page 1\.0\.0, and this release runs 0\.9\.9"):
        put_back()
    assert calls == []
    document.write_text(document.read_text().replace('"version": "0.9.9"', '"version": "1.10.0"'))
    put_back()


def test_a_snapshot_goes_into_a_folder_of_its_own_and_stops_nothing(
    host: Host, put_back: Restore, calls: list[str], tmp_path: Path
) -> None:
    host.back_up()
    host.say("later")
    assert put_back(to=str(tmp_path / "look"))["parts"] == []
    assert said(tmp_path / "look/data/page/data/webui.db") == ["first"]
    assert (said(host.database), calls) == (["first", "later"], [])
    with pytest.raises(AgentError, match="is not an empty folder"):
        put_back(to=str(tmp_path / "look"))


def test_the_named_parts_alone_go_into_a_folder_of_their_own(host: Host, put_back: Restore, tmp_path: Path) -> None:
    host.back_up()
    look = tmp_path / "ein Blick [*] ü"
    put_back(to=str(look), only=["secrets", "secrets"])
    there = {str(path.relative_to(look)) for path in look.rglob("*") if path.is_file()}
    assert there == {"configs/secrets/manifest.json", "configs/secrets/data/secrets/page/token"}
    put_back(to=str(tmp_path / "page"), only=["page"])
    assert said(tmp_path / "page/data/page/data/webui.db") == ["first"]
    assert not (tmp_path / "page/configs").exists()
    with pytest.raises(AgentError, match="has no 'pages'") as failure:
        put_back(to=str(tmp_path / "none"), only=["pages"])
    assert failure.value.next_step == "there are: page, secrets"
    assert not (tmp_path / "none").exists()


def test_a_part_that_is_named_twice_is_restored_once(host: Host, put_back: Restore) -> None:
    host.back_up()
    host.say("later")
    assert put_back(only=["page", "page"])["parts"] == ["page"]
    assert said(host.database) == ["first"]


def test_an_unknown_part_is_refused_with_those_that_there_are(host: Host, put_back: Restore) -> None:
    host.back_up()
    with pytest.raises(AgentError, match="have no 'pages' in common") as failure:
        put_back(only=["pages"])
    assert failure.value.next_step == "there are: page, secrets"


def whole(repository: Path) -> list[Path]:
    """Return every pack of a repository, the largest first: that one holds data."""
    return sorted(
        (path for path in (repository / "data").rglob("*") if path.is_file()), key=lambda path: -path.stat().st_size
    )


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[min(int(len(content) * place), len(content) - 1)] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize("damage", ["flipped at its middle", "cut", "gone"])
def test_a_damaged_repository_is_refused_and_the_data_stays(
    host: Host, put_back: Restore, calls: list[str], damage: str
) -> None:
    (host.data / "uploads/large.bin").write_bytes(os.urandom(200_000))
    host.back_up()
    host.say("later")
    pack = whole(host.repository)[0]
    if damage == "gone":
        pack.unlink()
    elif damage == "cut":
        pack.chmod(0o600)
        os.truncate(pack, pack.stat().st_size // 2)
    else:
        flip(pack, 0.5)
    with pytest.raises(AgentError, match="cannot be read"):
        put_back()
    assert calls == []
    assert said(host.database) == ["first", "later"]
    assert (host.data / "uploads/letter.txt").read_text() == "dear"


def test_a_folder_that_cannot_be_made_is_told_with_the_same_line_again(host: Host, put_back: Restore) -> None:
    host.back_up()
    with pytest.raises(AgentError, match="/proc/there") as failure:
        put_back(to="/proc/there")
    assert "`kit backup restore latest --to /proc/there`" in failure.value.next_step
