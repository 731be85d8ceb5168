"""A repository on a read-only file system, as the kernel leaves a failing disk: it is read, and not told as broken."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import check, restic
from deploy.agent.backups.restic import NO_LOCK, Said, told_of
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import read
from tests.unit.agent.backups.conftest import QUIET, Host, Restore, said

TRACE = [
    "Save(<lock/5a3b>) returned error, retrying after 1s: open /mnt/kit/locks/5a3b-tmp: read-only file system",
    "open /mnt/kit/locks/5a3b-tmp: read-only file system",
    "github.com/restic/restic/internal/backend/local.(*Local).Save",
    "\tgithub.com/restic/restic/internal/backend/local/local.go:153",
    "main.glob..func2",
    "runtime.goexit",
    "\truntime/asm_amd64.s:1594",
    NO_LOCK,
]
"""Words of restic 0.14, as they were recorded."""


@pytest.fixture
def read_only(host: Host, monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host whose repository takes no lock: a file is in the place of their folder, for root may write anywhere."""
    host.back_up()
    host.say("later")
    shutil.rmtree(host.repository / "locks")
    (host.repository / "locks").write_text("no lock goes here")
    monkeypatch.setattr(restic, "is_read_only", lambda _: True)
    return host


def test_everything_that_only_reads_works(read_only: Host, put_back: Restore, tmp_path: Path) -> None:
    request: Any = read_only.request
    assert check.run(request, QUIET)["problems"] == []
    put_back(to=str(tmp_path / "look"))
    answer = put_back()
    assert said(read_only.database) == ["first"]
    assert "is on a read-only file system" in answer["unsaved"]


def test_a_backup_says_so_before_it_copies_anything(read_only: Host) -> None:
    with pytest.raises(AgentError, match="is on a read-only file system") as failure:
        read_only.back_up()
    assert "`dmesg`" in failure.value.next_step
    assert read(read_only.root)["last"]["problem"] == failure.value.problem


def test_a_repository_that_takes_no_lock_is_not_remembered_as_broken(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    known = read(host.root)["check"]
    monkeypatch.setattr(restic.Restic, "_run", lambda *_: Said(1, (), told_of(TRACE)))
    request: Any = host.request
    with pytest.raises(AgentError, match="is on a read-only file system"):
        check.run(request, QUIET)
    assert read(host.root)["check"] == known


def test_a_trace_of_restics_own_program_is_no_word_for_people() -> None:
    assert told_of(TRACE) == "; ".join([TRACE[0], TRACE[1], NO_LOCK])
