"""Two machines with one repository: the second one takes over on purpose, and the first one is refused from then on."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import retention, take
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import log_path, now, observe, read, remember
from tests.unit.agent.backups.conftest import Host, host_in


@pytest.fixture
def second(host: Host, repository: Path, tmp_path: Path) -> Host:
    """Another machine with the same stack, on the repository of the first."""
    second = host_in(tmp_path / "second", repository)
    shutil.rmtree(second.repository)
    second.repository = host.repository
    second.release()
    return second


def test_a_repository_has_one_machine_until_a_person_says_otherwise(host: Host, second: Host) -> None:
    host.back_up()
    with pytest.raises(AgentError, match=f"is another one: {socket.gethostname()}") as failure:
        second.back_up()
    for choice in ("kit backup restore latest", "kit backup now --take-over", "kit destroy"):
        assert f"`{choice}`" in failure.value.next_step
    assert "is another one" in (observe(second.root)["last"] or {})["problem"]
    assert len(host.listed()["snapshots"]) == 1, "nothing of the second machine is in it"

    second.back_up(takes_over=True)
    second.say("later")
    second.back_up()
    with pytest.raises(AgentError, match="is another one"):
        host.back_up()
    assert len(second.listed()["snapshots"]) == 3


def test_of_two_machines_that_back_up_at_the_same_moment_one_keeps_the_repository(
    host: Host, second: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.back_up()
    own = retention.forget

    def beside(*words: Any, **more: Any) -> None:
        # The other machine had asked whose repository this is before the first one's backup was there.
        monkeypatch.setattr(take, "forget", own)
        second.back_up(takes_over=True)
        own(*words, **more)

    monkeypatch.setattr(take, "forget", beside)
    host.back_up()
    with pytest.raises(AgentError, match="is another one"):
        host.back_up()
    second.back_up()


def test_a_watch_before_the_restore_puts_no_empty_stack_in_front_of_the_backup(host: Host, second: Host) -> None:
    taken = host.back_up()["snapshot"]
    with pytest.raises(AgentError, match="is another one"):
        second.back_up(watch_seconds=60)
    assert second.listed("latest")["snapshots"][0]["id"] == taken


def of_a_former_kit(host: Host, folder: Path) -> str:
    """Take a snapshot as a kit did whose snapshots named no machine; return its id."""
    (folder / "configs").mkdir(parents=True, exist_ok=True)
    (folder / "configs/backup.json").write_text('{"format": 1}')
    host.restic("backup", "--host", "home", "--tag", "kit", "configs", cwd=folder)
    return host.listed()["snapshots"][-1]["id"]


def test_a_new_machine_puts_nothing_in_front_of_the_backups_of_a_former_kit(
    host: Host, second: Host, tmp_path: Path
) -> None:
    """The daily job of a new box may come before the restore."""
    taken = of_a_former_kit(host, tmp_path / "made")
    for more in ({}, {"watch_seconds": 60}, {"before": "image"}):
        with pytest.raises(AgentError, match="is another one: a former kit wrote no name") as failure:
            second.back_up(**more)
    assert "`kit backup restore latest`, then" in failure.value.next_step
    assert second.listed("latest")["snapshots"][0]["id"] == taken
    second.back_up(takes_over=True)
    second.back_up()


@pytest.mark.parametrize("is_cut", [False, True])
def test_a_machine_goes_on_with_the_backups_of_its_own_former_kit(host: Host, tmp_path: Path, is_cut: bool) -> None:
    taken = of_a_former_kit(host, tmp_path / "made")
    run: Any = {"ended": now(), "snapshot": taken}
    remember(host.root, good=run, last=run)
    if is_cut:
        # Its power was cut behind a snapshot, and before it remembered it.
        of_a_former_kit(host, tmp_path / "made")
    host.back_up()
    host.back_up()


def test_a_former_kit_elsewhere_that_goes_on_is_noticed(host: Host, tmp_path: Path) -> None:
    run: Any = {"ended": now(), "snapshot": of_a_former_kit(host, tmp_path / "made")}
    remember(host.root, good=run, last=run)
    host.back_up()
    of_a_former_kit(host, tmp_path / "made")
    with pytest.raises(AgentError, match="is another one: a former kit wrote no name"):
        host.back_up()


def test_a_machine_whose_memory_was_removed_knows_its_backups_by_its_log(host: Host) -> None:
    host.back_up()
    known = read(host.root)["machine"]
    (host.root / "backups.json").unlink()
    with log_path(host.root).open("a") as log:
        log.write('{"snapshot": "of a power c')
    host.back_up()
    host.back_up()
    assert read(host.root)["machine"] == known


def test_a_machine_that_lost_memory_and_log_asks(host: Host) -> None:
    host.back_up()
    (host.root / "backups.json").unlink()
    log_path(host.root).unlink()
    with pytest.raises(AgentError, match=f"is another one: {socket.gethostname()}") as failure:
        host.back_up()
    assert "if it was this machine, and its memory of backups is lost: `kit backup now --take-over`" in (
        failure.value.next_step.splitlines()
    )


def test_a_backup_says_which_machine_took_it(host: Host) -> None:
    host.back_up()
    (snapshot,) = host.listed()["snapshots"]
    assert (snapshot["machine"], snapshot["host"]) == (socket.gethostname(), "home")


def test_a_machine_has_one_name_for_good(host: Host) -> None:
    host.back_up()
    known = read(host.root)["machine"]
    host.back_up()
    assert read(host.root)["machine"] == known
