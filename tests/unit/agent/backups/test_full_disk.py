"""Backups and restores on small disks that are full: nothing is lost, the disk is named, and the next run is good."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from deploy.agent.backups import space
from deploy.agent.errors import AgentError
from deploy.agent.stack.backup_memory import observe
from tests.unit.agent.backups.conftest import Host, Restore, host_in, said

MIB = 2**20
ROOMY = 200
SIZES = pytest.mark.parametrize("size", [3, 10])


@contextmanager
def disk(place: Path, size: int) -> Iterator[None]:
    """Put a file system of so many MiB at a folder."""
    place.mkdir(parents=True)
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}m", "tmpfs", str(place)], check=False)
    if mounted.returncode:
        pytest.skip("nobody may mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def resize(place: Path, size: int) -> None:
    """Let so many MiB fit."""
    subprocess.run(["mount", "-o", f"remount,size={size}m", str(place)], check=True)


def is_full(place: Path) -> str:
    """Return a pattern of the words for a full disk."""
    return f"the disk of {place} is full: .*no space left on device"


@SIZES
def test_a_backup_that_fills_the_disk_of_the_repository_leaves_the_former_ones(
    tmp_path: Path, repository: Path, size: int
) -> None:
    with disk(tmp_path / "disk2", size):
        host = host_in(tmp_path, repository)
        first = host.back_up()["snapshot"]
        (host.data / "uploads/big").write_bytes(os.urandom((size + 2) * MIB))
        ensure_refused_and_good_afterwards(host, tmp_path / "disk2", is_full(host.repository), first)
        assert said(host.restored(first, tmp_path / "there") / "data/page/data/webui.db") == ["first"]


def test_a_backup_whose_copies_do_not_fit_leaves_the_repository_as_it_is(tmp_path: Path, repository: Path) -> None:
    with disk(tmp_path / "kit", ROOMY):
        host = host_in(tmp_path, repository)
        first = host.back_up()["snapshot"]
        (host.data / "uploads/big").write_bytes(os.urandom(5 * MIB))
        resize(tmp_path / "kit", 3)
        words = f"not enough disk at {host.root}/backup/copies/data: .* needed for a copy of the data, .* free"
        ensure_refused_and_good_afterwards(host, tmp_path / "kit", words, first)


def ensure_refused_and_good_afterwards(host: Host, full: Path, words: str, first: str) -> None:
    """Fail twice with the name of the disk; with more space, the same backup is good."""
    for _ in range(2):
        with pytest.raises(AgentError, match=words):
            host.back_up()
        assert "problem" in observe(host.root)["runs"]["daily"]
    resize(full, ROOMY)
    assert [each["id"] for each in host.listed()["snapshots"]] == [first]
    second = host.back_up()["snapshot"]
    assert [each["id"] for each in host.listed()["snapshots"]] == [first, second]
    host.restic("check", "--read-data")
    assert "problem" not in observe(host.root)["runs"]["daily"]


@SIZES
def test_a_restore_that_does_not_fit_touches_no_data_and_stops_nothing(
    tmp_path: Path,
    host: Host,
    put_back: Restore,
    calls: list[str],
    size: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    letter = host.data / "uploads/letter.txt"
    letter.write_bytes(os.urandom(size * MIB // 2))
    was = letter.read_bytes()
    host.back_up()
    host.data.rename(tmp_path / "moved")
    with disk(host.data, size):
        subprocess.run(["cp", "-a", f"{tmp_path}/moved/.", str(host.data)], check=True)
        host.say("later")
        with pytest.raises(AgentError, match=f"not enough disk at {host.data}: .* needed for page, .* free"):
            put_back()
        # The space may be gone by the time of the fetch.
        monkeypatch.setattr(space, "SPARE", -ROOMY * MIB)
        with pytest.raises(AgentError, match=is_full(host.data / ".kit-fetched")) as full:
            put_back(only=["page"])
        assert "`kit backup restore latest --only page`" in full.value.next_step
        with pytest.raises(AgentError, match=is_full(host.data / "out")) as full:
            put_back(to=str(host.data / "out"))
        # Without its folder, the line would replace the data.
        assert f"`kit backup restore latest --to {host.data}/out`" in full.value.next_step
        assert (letter.read_bytes() == was, said(host.database), calls) == (True, ["first", "later"], [])
        resize(host.data, ROOMY)
        assert put_back()["parts"] == ["page"]
        assert said(host.database) == ["first"]
