"""A lock that a killed restic left is waited for and removed; one that stays is told."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.backups import restic
from deploy.agent.backups.restic import Restic
from deploy.agent.errors import AgentError

PROGRAM = """#!/bin/sh
# restic's words while a lock is there; the lock goes with the second unlock.
folder=$(dirname "$0")
case "$*" in
    *unlock*) echo >>"$folder/unlocks" ;;
    *)
        if [ "$(cat "$folder/unlocks" 2>/dev/null | wc -l)" -lt %d ]; then
            echo "Fatal: unable to create lock in backend: repository is already locked by PID 7 on box" >&2
            exit 1
        fi
        echo "[]"
        ;;
esac
"""


def locked_until(unlocks: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Restic:
    """Put a restic on PATH whose repository is locked until it was unlocked so often."""
    (folder / "restic").write_text(PROGRAM % unlocks)
    (folder / "restic").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(restic, "RETRY_SECONDS", 0.01)
    return Restic("/mnt/kit", folder / "key")


def test_a_lock_of_a_killed_run_is_waited_for_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert locked_until(2, tmp_path, monkeypatch).ask("snapshots").listed == []
    assert len((tmp_path / "unlocks").read_text().splitlines()) == 2


def test_a_lock_that_stays_is_told_with_its_holder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restic, "LOCKED_SECONDS", 0.1)
    with pytest.raises(AgentError) as raised:
        locked_until(1000, tmp_path, monkeypatch).ask("snapshots")
    assert "is in use" in raised.value.problem
    assert "PID 7 on box" in raised.value.problem
