"""restic opens the repository while the copies are made; what it says of it fails the backup as before."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import take
from deploy.agent.backups.beside import beside
from deploy.agent.backups.copies import take_copies
from deploy.agent.backups.repository import ensure_repository
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.errors import AgentError, Interrupted
from deploy.agent.inputs.children import StoppedError
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import QUIET, Host
from tests.waiting import wait_until


def test_the_copies_are_made_while_restic_opens_the_repository(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    copying = threading.Event()

    def copied(*arguments: Any) -> Path:
        copying.set()
        return take_copies(*arguments)

    def opened(root: Path, restic: Restic) -> bool:
        assert copying.wait(30), "the copies wait for restic"
        return ensure_repository(root, restic)

    monkeypatch.setattr(take, "take_copies", copied)
    monkeypatch.setattr(take, "ensure_repository", opened)
    assert host.back_up()["changed"]


def refused(_root: Path, _restic: Restic) -> bool:
    raise AgentError("the key does not open it")


def test_a_repository_that_does_not_open_is_told_ahead_of_copies_that_fail(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.database.write_bytes(b"no database" * 1000)
    monkeypatch.setattr(take, "ensure_repository", refused)
    with pytest.raises(AgentError, match="the key does not open it"):
        host.back_up()
    assert (observe(host.root)["last"] or {}).get("problem") == "the key does not open it"


def test_no_copy_is_begun_for_a_repository_that_is_known_not_to_open(host: Host) -> None:
    def refuse() -> None:
        raise AgentError("the key does not open it")

    with pytest.raises(AgentError, match="the key does not open it"):
        take_copies(host.root, released_backup(host.root), QUIET, refuse)
    assert list((host.root / "backup/copies/data").iterdir()) == []


def test_work_that_failed_is_known_before_the_block_ends(host: Host) -> None:
    restic = restic_of(host.root, released_backup(host.root))
    failures: list[AgentError] = []

    def refuse(_restic: Restic) -> None:
        raise AgentError("the key does not open it")

    def block() -> None:
        with beside(restic, refuse) as work:
            for ask in (work.result, work.ensure_good):
                try:
                    ask()
                except AgentError as failure:
                    failures.append(failure)

    with pytest.raises(AgentError):
        block()
    assert len(failures) == 2


def test_a_snapshot_is_given_to_no_repository_that_does_not_open(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(take, "ensure_repository", refused)
    monkeypatch.setattr(take, "_snapshot", None)
    with pytest.raises(AgentError, match="the key does not open it"):
        host.back_up()


def test_an_interruption_ends_restic_and_the_one_of_the_other_thread_goes_on(
    host: Host, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = tmp_path / "started"
    slow = tmp_path / "bin/restic"
    slow.parent.mkdir()
    slow.write_text(f"#!/bin/sh\ntouch {started}\nexec sleep 60\n")
    slow.chmod(0o755)
    restic = restic_of(host.root, released_backup(host.root))
    ended: list[Exception] = []

    def work(own: Restic) -> None:
        try:
            own.run("snapshots")
        except StoppedError as stopped:
            ended.append(stopped)
            raise

    def interrupted() -> None:
        with beside(restic, work):
            wait_until(started.exists, "restic is started", saw=lambda: list(tmp_path.iterdir()))
            raise Interrupted(15)

    with monkeypatch.context() as patched:
        patched.setenv("PATH", f"{slow.parent}:/usr/bin:/bin")
        with pytest.raises(Interrupted):
            interrupted()
    assert len(ended) == 1
    assert restic.run("snapshots").status == 0
