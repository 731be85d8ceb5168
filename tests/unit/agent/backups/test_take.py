"""Backups of a live host with the real restic."""

from __future__ import annotations

import errno
import json
import os
import re
import time
from pathlib import Path
from typing import NoReturn

import pytest

from deploy.agent.backups import copies, retention
from deploy.agent.backups.snapshots import chosen
from deploy.agent.contract.backup_runs import seconds_of
from deploy.agent.contract.backups import Snapshot
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import RELEASE, Host, said


def test_a_backup_holds_data_secrets_and_configuration_in_folders_for_people(host: Host, tmp_path: Path) -> None:
    host.lose_repository()
    (host.root / "audit.log").write_text("{}\n")
    answer = host.back_up()
    assert (answer["made"], answer["same_disk"]) == (True, ["page"])
    there = host.restored(answer["snapshot"], tmp_path / "there")
    assert sorted(path.name for path in there.iterdir()) == ["configs", "data", "logs"]
    assert said(there / "data/page/data/webui.db") == ["first"]
    assert (there / "data/page/data/uploads/letter.txt").read_text() == "dear"
    assert (there / "configs/secrets/data/secrets/page/token").read_text() == "a token"
    assert (there / "configs/release/services/page/page.conf").read_text() == "port: 1\n"
    assert (there / "configs/release/compose.yaml").read_text() == "services: {}\n"
    assert (there / "logs/audit.log").read_text() == "{}\n"
    # A key inside of what it opens is of no use.
    assert not list(there.rglob(BACKUP_KEY))


def test_the_copies_and_the_log_belong_to_root_alone(host: Host) -> None:
    host.back_up()
    assert (host.root / "backup").stat().st_mode & 0o777 == 0o700
    assert (host.root / "backup/copies/data/page/data/webui.db").exists()


def test_no_copy_of_a_secret_stays_on_the_host(host: Host, tmp_path: Path) -> None:
    snapshot = host.back_up()["snapshot"]
    assert not (host.root / "backup/copies/configs/secrets").exists()
    token = host.restored(snapshot, tmp_path / "there") / "configs/secrets/data/secrets/page/token"
    assert token.stat().st_mode & 0o777 == 0o400


def test_no_copy_of_a_secret_stays_behind_a_backup_that_fails(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> NoReturn:
        assert (host.root / "backup/copies/configs/secrets").exists()
        raise OSError(errno.ENOSPC, "No space left on device")

    for name in ("_copy_release", "statement"):
        with monkeypatch.context() as patched:
            patched.setattr(copies, name, refuse)
            with pytest.raises(AgentError):
                host.back_up()
        assert not (host.root / "backup/copies/configs/secrets").exists()


def test_a_second_backup_takes_what_changed_and_reads_nothing_else(host: Host, tmp_path: Path) -> None:
    first = host.back_up()
    host.say("second")
    second = host.back_up()
    assert "made" not in second
    assert [each["id"] for each in host.listed()["snapshots"]] == [first["snapshot"], second["snapshot"]]
    assert said(host.restored(first["snapshot"], tmp_path / "1") / "data/page/data/webui.db") == ["first"]
    assert said(host.restored(second["snapshot"], tmp_path / "2") / "data/page/data/webui.db") == ["first", "second"]


@pytest.mark.parametrize("wanted", ["latest", "id", "time"])
def test_a_backup_is_shown_with_its_parts_and_its_origin(host: Host, wanted: str) -> None:
    snapshot = host.back_up()["snapshot"]
    taken = host.listed()["snapshots"][0]["time"]
    answer = host.listed({"latest": "latest", "id": snapshot[:8], "time": taken}[wanted])
    assert [each["id"] for each in answer["snapshots"]] == [snapshot]
    sizes = {part["path"]: part["files"] for part in answer["parts"]}
    # The manifest, the database and the letter.
    assert sizes["data/page"] == 3
    assert answer["statement"]["versions"] == {"page": "1.0.0"}
    assert (answer["statement"]["release"], answer["statement"]["stack"]) == (RELEASE, "home")


def test_a_backup_that_nobody_took_is_not_shown(host: Host) -> None:
    host.back_up()
    for wanted in ("2020", "", "2026-13-41T99:00+01:00", "0001-01-01T00:00+01:00"):
        with pytest.raises(AgentError, match=re.escape(f"no backups are meant by {wanted!r}")):
            chosen(host.listed()["snapshots"], wanted)


def test_a_time_with_the_offset_of_a_zone_means_the_backup_of_that_moment() -> None:
    listed: list[Snapshot] = [
        {"id": name * 64, "time": time, "host": "home", "before": "", "machine": "desk"}
        for name, time in (("a", "2026-11-28T02:00:07Z"), ("b", "2026-11-28T03:00:07Z"))
    ]
    for wanted in ("2026-11-28T03:00+01:00", "2026-11-27 22:00:07-04:00", "2026-11-28T02:00"):
        assert chosen(listed, wanted)["id"] == "a" * 64


def test_a_host_without_its_first_backup_lists_none_and_is_told_what_makes_one(host: Host) -> None:
    host.lose_repository()
    assert host.listed()["snapshots"] == []
    with pytest.raises(AgentError, match=r"yet$") as failure:
        host.listed("latest")
    assert "backup now` makes it" in failure.value.next_step
    host.back_up()
    host.lose_repository()
    for wanted in (None, "latest"):
        with pytest.raises(AgentError, match=r"there is no repository in .*kit$") as failure:
            host.listed(wanted)
        assert failure.value.next_step == "mount its drive, or bring it back"


def test_old_snapshots_go_and_those_that_keep_names_stay(host: Host) -> None:
    host.keep = {"last": 2, "daily": 0}
    host.release()
    taken = [host.back_up()["snapshot"] for _ in range(4)]
    assert [each["id"] for each in host.listed()["snapshots"]] == taken[-2:]


def test_a_backup_before_another_image_names_the_change_and_removes_no_snapshot(host: Host) -> None:
    host.keep = {"last": 1}
    host.release()
    first, second = host.back_up()["snapshot"], host.back_up(before="image")["snapshot"]
    assert [(each["id"], each["before"]) for each in host.listed()["snapshots"]] == [(first, ""), (second, "image")]
    assert (observe(host.root)["good"] or {})["snapshot"] == second


def test_backups_before_a_change_outlive_the_daily_ones_and_do_not_stay_for_ever(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "KEPT_NUMBER", 1)
    host.keep = {"last": 2}
    host.release()
    before = [host.back_up(before=change)["snapshot"] for change in ("image", "destroy")]
    daily = [host.back_up()["snapshot"] for _ in range(3)]
    assert [each["id"] for each in host.listed()["snapshots"]] == [*before, *daily[-2:]]
    # A month later, the newest one stays.
    monkeypatch.setattr(retention, "KEPT_DAYS", 0)
    time.sleep(max(0.0, seconds_of(host.listed()["snapshots"][0]["time"]) + 1.0 - time.time()))
    daily.append(host.back_up()["snapshot"])
    assert [each["id"] for each in host.listed()["snapshots"]] == [before[1], *daily[-2:]]
    # Its removal is no loss.
    host.back_up()


@pytest.mark.parametrize(
    ("before", "words"), [("image", "no container was changed"), ("destroy", "nothing was removed")]
)
def test_a_failed_backup_before_a_change_says_that_the_change_did_not_happen(
    host: Host, before: str, words: str
) -> None:
    host.database.write_bytes(b"no database" * 1000)
    with pytest.raises(AgentError, match=f"the backup before the change failed, so {words}: .* could not be copied"):
        host.back_up(before=before)
    assert "could not be copied" in (observe(host.root)["last"] or {})["problem"]


def test_a_run_is_remembered_with_its_result(host: Host) -> None:
    assert observe(host.root)["last"] is None
    snapshot = host.back_up()["snapshot"]
    seen = observe(host.root)
    assert seen["good"] is not None
    assert seen["last"] is not None
    assert (seen["good"]["snapshot"], seen["last"]["snapshot"], seen["is_running"]) == (snapshot, snapshot, False)
    host.database.write_bytes(b"no database" * 1000)
    with pytest.raises(AgentError, match="could not be copied"):
        host.back_up()
    seen = observe(host.root)
    assert (seen["good"] or {}).get("snapshot") == snapshot
    assert "could not be copied" in (seen["last"] or {}).get("problem", "")
    log = [json.loads(line) for line in (host.root / "backup/backups.jsonl").read_text().splitlines()]
    assert ["problem" in line for line in log] == [False, True]


def test_a_repository_that_is_gone_is_never_made_anew(host: Host) -> None:
    host.back_up()
    host.repository.rename(host.repository.with_name("unmounted"))
    with pytest.raises(AgentError, match="is gone, or its drive is not mounted"):
        host.back_up()
    assert not host.repository.exists()
    host.repository.with_name("unmounted").rename(host.repository)
    host.back_up()


def test_another_repository_in_its_place_is_refused(host: Host, tmp_path: Path) -> None:
    host.back_up()
    host.repository.rename(tmp_path / "first")
    (host.root / "backups.json").unlink()
    host.back_up()
    host.repository.rename(tmp_path / "second")
    (tmp_path / "first").rename(host.repository)
    with pytest.raises(AgentError, match="holds another repository than before"):
        host.back_up()


def test_a_folder_with_other_content_is_no_repository(host: Host) -> None:
    host.lose_repository()
    host.repository.mkdir(parents=True)
    (host.repository / "photo.jpg").write_bytes(b"x")
    with pytest.raises(AgentError, match="holds something else than a repository"):
        host.back_up()
    assert [path.name for path in host.repository.iterdir()] == ["photo.jpg"]


def test_a_repository_whose_making_was_cut_off_is_made_to_its_end(host: Host) -> None:
    host.lose_repository()
    for name in ("data", "index", "keys", "locks", "snapshots"):
        (host.repository / name).mkdir(parents=True)
    host.back_up()
    assert len(host.listed()["snapshots"]) == 1


def test_a_wrong_key_is_told_with_the_way_to_give_the_right_one(host: Host) -> None:
    host.back_up()
    (host.root / "secrets" / BACKUP_OWNER / BACKUP_KEY).unlink()
    host.secret(BACKUP_OWNER, BACKUP_KEY, "another key")
    with pytest.raises(AgentError, match="the key of this host does not open the repository") as failure:
        host.back_up()
    assert "key: file:PATH" in failure.value.next_step


def test_a_host_without_restic_is_told_how_it_gets_there(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(AgentError, match="restic is not on this host"):
        host.back_up()
    assert not observe(host.root)["has_restic"]


def test_snapshots_of_a_newer_kit_and_of_a_person_are_listed_and_told(host: Host, tmp_path: Path) -> None:
    made = tmp_path / "made"
    host.back_up()
    for name, statement in (("newer", {"format": 2}), ("foreign", {"mine": True})):
        (made / name / "configs").mkdir(parents=True)
        (made / name / "configs/backup.json").write_text(json.dumps(statement))
        tags = ("--tag", "kit", "--tag", f"before-{name}")
        host.restic("backup", "--host", "home", *tags, "configs", cwd=made / name)
    newer, foreign = (each for each in host.listed()["snapshots"] if each["before"])
    assert (newer["before"], foreign["before"]) == ("newer", "foreign")
    with pytest.raises(AgentError, match="was taken by a newer kit"):
        host.listed(newer["id"])
    with pytest.raises(AgentError, match="was not taken by kit"):
        host.listed(foreign["id"])
