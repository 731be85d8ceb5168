"""restic starts no more often than it has something to do: each start derives the key and opens the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy.agent.backups.files import has_locks
from deploy.agent.backups.restic import Restic, Said
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.stack.backup_memory import observe
from deploy.agent.stack.secrets import secret_path
from tests.unit.agent.backups.conftest import Host
from tests.waiting import wait_until

Run = Callable[..., Said]


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Commands that restic was started with."""
    started: list[str] = []
    run: Run = Restic._run

    def counted(restic: Restic, words: tuple[str, ...], *more: object) -> Said:
        started.append(words[0])
        return run(restic, words, *more)

    monkeypatch.setattr(Restic, "_run", counted)
    return started


def test_a_later_backup_starts_restic_for_the_snapshot_and_for_the_retention(host: Host, starts: list[str]) -> None:
    host.back_up()
    assert starts == ["cat", "backup", "check"]
    for change in ("", "image", ""):
        starts.clear()
        host.say("more")
        host.back_up(**({"before": change} if change else {}))
        assert starts == [*([] if change else ["snapshots"]), "backup"]
    assert len(host.listed()["snapshots"]) == 4


def test_old_snapshots_and_their_data_go_in_one_start(host: Host, starts: list[str]) -> None:
    host.keep = {"last": 1}
    host.release()
    host.back_up()
    starts.clear()
    host.back_up()
    assert starts == ["snapshots", "backup", "forget"]
    assert len(host.listed()["snapshots"]) == 1


def test_a_snapshot_that_somebody_added_is_looked_at_before_the_next_one(host: Host, starts: list[str]) -> None:
    host.back_up()
    host.restic("backup", "--host", "home", "--tag", "kit", "--tag", "machine-0,on-other", str(host.data / "uploads"))
    starts.clear()
    with pytest.raises(AgentError, match="is another one: other"):
        host.back_up()
    assert starts == ["snapshots"]


def test_a_lock_of_a_killed_restic_is_removed_ahead(host: Host, starts: list[str]) -> None:
    host.back_up()
    locks = host.repository / "locks"
    key = str(secret_path(host.root, BACKUP_OWNER, BACKUP_KEY))
    argv = ["restic", "--no-cache", "-r", str(host.repository), "-p", key, "backup", "--stdin"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as killed:
        wait_until(
            lambda: has_locks(str(host.repository)),
            "restic has a lock",
            saw=lambda: [path.name for path in locks.iterdir()],
        )
        killed.kill()
    starts.clear()
    host.back_up()
    assert starts == ["unlock", "snapshots", "backup"]
    assert not has_locks(str(host.repository))


def flipped(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.chmod(0o600)
    path.write_bytes(content)


@pytest.mark.parametrize("broken", [Path.unlink, flipped])
def test_a_snapshot_that_is_not_whole_on_the_disk_is_no_good_backup(
    host: Host, broken: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    good = host.back_up()["snapshot"]
    run: Run = Restic.run

    def breaks(restic: Restic, *words: str, **more: object) -> Said:
        said = run(restic, *words, **more)
        if words[0] == "backup":
            (path,) = (path for path in (host.repository / "snapshots").iterdir() if path.name != good)
            broken(path)
        return said

    monkeypatch.setattr(Restic, "run", breaks)
    with pytest.raises(AgentError, match="lacks a part of the snapshot"):
        host.back_up()
    assert (observe(host.root)["good"] or {})["snapshot"] == good


def test_a_file_that_restic_did_not_see_is_missed(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    run: Run = Restic.run

    def without_the_letter(restic: Restic, *words: str, **more: object) -> Said:
        if words[0] == "backup":
            (host.root / "backup/copies/data/page/data/uploads/letter.txt").unlink()
        return run(restic, *words, **more)

    monkeypatch.setattr(Restic, "run", without_the_letter)
    with pytest.raises(AgentError, match="lacks a part of the snapshot"):
        host.back_up()
    assert observe(host.root)["good"] is None
