"""Backups while their data is written, on a full disk, and after a kill."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

import pytest

from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import Host, said
from tests.unit.agent.backups.writer import copied, holds, writing
from tests.waiting import wait_until

COPIES, ROWS_A_SECOND = 10, 100


def test_every_copy_under_a_writer_holds_each_row_that_was_committed_before(host: Host) -> None:
    """The database is in WAL mode: a copy of the file alone would lack the newest rows."""
    with writing(host.database, ROWS_A_SECOND) as written:
        for number in range(COPIES):
            wait_until(lambda: written.rows > number, "a row is committed", saw=lambda: written.rows)  # noqa: B023
            before = written.rows
            assert holds(copied(host), before)


def test_a_copy_of_the_file_alone_is_not_taken_for_good(host: Host, tmp_path: Path) -> None:
    with writing(host.database, ROWS_A_SECOND) as written:
        wait_until(lambda: written.rows > 0, "a row is committed", saw=lambda: written.rows)
        before = written.rows
        shutil.copyfile(host.database, tmp_path / "webui.db")
        assert not holds(tmp_path / "webui.db", before)


@pytest.mark.parametrize("step", [3, 10])
def test_a_full_disk_fails_a_backup_and_the_next_one_works(
    host: Host, monkeypatch: pytest.MonkeyPatch, step: int, tmp_path: Path
) -> None:
    good, flush, left = host.back_up()["snapshot"], os.fsync, [step]

    def full(descriptor: int) -> None:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        flush(descriptor)

    host.say("later")
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(AgentError, match=r"No space left|is full"):
            host.back_up()
    assert left[0] <= 0
    seen = observe(host.root)
    assert (seen["good"] or {}).get("snapshot") == good
    # Not even the failure could be written: the run counts as interrupted.
    assert "ended" not in (seen["last"] or {})
    assert not (host.root / "backup/copies/configs/secrets").exists()
    there = host.restored(host.back_up()["snapshot"], tmp_path / "there")
    assert said(there / "data/page/data/webui.db") == ["first", "later"]


def test_secrets_that_a_killed_run_left_go_with_the_next_one_even_if_it_fails(host: Host) -> None:
    host.back_up()
    left = host.root / "backup/copies/configs/secrets/data/secrets/page/token"
    left.parent.mkdir(parents=True)
    left.write_text("a token")
    host.repository.rename(host.repository.with_name("unmounted"))
    with pytest.raises(AgentError, match="is gone, or its drive is not mounted"):
        host.back_up()
    assert not left.exists()
