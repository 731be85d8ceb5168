"""A watch takes a backup of changed content alone, and at most one in an interval."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from typing import NoReturn

import pytest

from deploy.agent.backups import take
from deploy.agent.contract.backup_runs import troubles
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe, read, remember
from tests.unit.agent.backups.conftest import Host

INTERVAL = 300


def watch(host: Host) -> bool:
    """Look once, an interval after the newest backup; return True if that took another one."""
    good = read(host.root).get("good")
    if good:
        remember(host.root, good={**good, "ended": "2020-01-01T00:00:00Z"})
    return host.back_up(watch_seconds=INTERVAL)["changed"]


def test_a_watch_takes_what_changed_and_nothing_for_files_that_were_only_touched(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert watch(host)
    with monkeypatch.context() as patched:
        # Nothing is copied, and no restic starts, as long as no file was touched.
        patched.setattr(take, "take_copies", None)
        patched.setattr(take, "ensure_repository", None)
        assert not watch(host)
    last = observe(host.root)["last"]
    os.utime(host.data / "uploads/letter.txt")
    with closing(sqlite3.connect(host.database)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")
    assert not watch(host)
    assert observe(host.root)["last"] == last
    host.say("second")
    assert watch(host)
    assert len(host.listed()["snapshots"]) == 2


def test_a_watch_takes_no_second_backup_within_its_interval(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.back_up()
    host.say("second")
    monkeypatch.setattr(take, "take_copies", None)
    assert not host.back_up(watch_seconds=INTERVAL)["changed"]
    with pytest.raises(TypeError):
        watch(host)


def test_a_failed_watch_is_remembered_and_looks_again(host: Host) -> None:
    content = host.database.read_bytes()
    host.database.write_bytes(b"no database" * 1000)
    for _ in range(2):
        with pytest.raises(AgentError, match="could not be copied"):
            watch(host)
    assert "could not be copied" in (observe(host.root)["last"] or {})["problem"]
    host.database.write_bytes(content)
    assert watch(host)


def test_a_good_watch_keeps_the_failure_of_the_daily_run_in_memory(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.back_up()
    with monkeypatch.context() as patched:
        patched.setattr(take, "check_weekly", refused)
        host.say("second")
        with pytest.raises(AgentError, match="pack 12 is broken"):
            host.back_up()
    host.say("third")
    assert watch(host)
    seen = observe(host.root)
    assert {trigger: run.get("problem", "") for trigger, run in seen["runs"].items()} == {
        "daily": "pack 12 is broken",
        "watch": "",
    }
    assert [words for _, words in troubles(seen, time.time())] == ["the last daily backup failed: pack 12 is broken"]
    # One by hand does what the daily one left undone.
    host.back_up(by_hand=True)
    assert list(troubles(observe(host.root), time.time())) == []


def refused(*_: object) -> NoReturn:
    """Fail as a check of a broken repository does."""
    raise AgentError("pack 12 is broken", "see")
