"""Failures of a host's disk: each is told with its place and the next step, and nothing half-written stays."""

from __future__ import annotations

import errno
import hashlib
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.data import copy
from deploy.agent.docker import compose
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError, FullDiskError, full_disk, told
from deploy.agent.inputs.archive import LayerWriter, entry
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.disk import amount, not_enough
from deploy.agent.journal import Journal
from deploy.agent.releases import place
from deploy.agent.remembered import write_file
from tests.unit.agent.data.places import write_chats

QUIET = Journal("", "")
ROOM = 2**20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    options = f"size={ROOM},nr_inodes=1000"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=False)
    if mounted.returncode:
        pytest.skip("nobody may mount a file system here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until nothing fits any more."""
    with (folder / "fill").open("wb", buffering=0) as output, suppress(OSError):
        while output.write(b"x" * 4096):
            continue
    assert os.statvfs(folder).f_bavail == 0


def failure(act: Callable[[], Any]) -> AgentError:
    with pytest.raises((AgentError, OSError)) as caught:
        act()
    assert isinstance(caught.value, AgentError | OSError)
    return told(caught.value)


def test_a_full_disk_is_told_where_a_release_is_placed_and_leaves_nothing_half(small: Path) -> None:
    fill(small)
    content = "x" * 9000
    digest = hashlib.sha256(content.encode()).hexdigest()
    path = f"files/{digest}/litellm.yaml"
    file: Any = {"path": path, "content": content, "mode": "0444", "sha256": digest}
    request: Any = {"stack": "t", "root": str(small), "release": "a" * 64, "files": [file]}
    found = failure(lambda: place.run(request, QUIET))
    assert found.problem == f"the disk of {small / path} is full"
    assert found.next_step.startswith("free some space there, then run")
    assert [one.name for one in small.rglob("*") if one.is_file()] == ["fill"]


def test_a_full_disk_ends_a_build_and_leaves_no_layer_under_its_name(small: Path) -> None:
    cache = Cache(str(small / "cache"))

    def make(writer: LayerWriter) -> dict[str, Any]:
        fill(small)
        writer.add(*entry("file", 0o644, data=b"x" * ROOM))
        return {}

    with cache.held(QUIET):
        found = failure(lambda: cache.keep("key", make))
        assert found.problem == f"the disk of {small / 'cache'} is full"
        assert cache.usable() == set()
        (small / "fill").unlink()
        cache.keep("key", lambda _: {})
        assert cache.usable() == {"key"}


def test_a_full_disk_ends_a_copy_of_data_with_what_is_missing(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_chats(tmp_path / "data", "ada", chats=5000)
    request: Any = {"root": str(small), "service": "open_webui", "host_path": str(tmp_path / "data")}
    request["items"] = [{"sqlite": "webui.db"}]
    found = failure(lambda: copy.run(request, QUIET))
    assert "65 MiB needed for a copy of the data" in found.problem
    assert "0.0 GiB" not in found.problem
    # Another program fills it while the copy is made.
    monkeypatch.setattr(copy, "ensure_room", lambda *_: fill(small))
    found = failure(lambda: copy.run(request, QUIET))
    assert found.problem.startswith(f"the disk of {small}")
    assert found.problem.endswith("is full")
    assert "recover" not in found.next_step
    assert "nothing was changed" in found.next_step


@pytest.mark.parametrize(
    ("code", "words", "step"),
    [
        (errno.ENOSPC, "the disk of /srv/x is full", "free some space there"),
        (errno.EDQUOT, "the quota on the disk of /srv/x is used up", "raise the quota"),
        (errno.EROFS, "the file system of /srv/x is read-only", "mount it writable"),
        (errno.EIO, "the disk of /srv/x has an error", "see `dmesg`"),
        (errno.EACCES, "/srv/x cannot be changed: permission denied, also to root", "map root to nobody"),
        (errno.EPERM, "/srv/x cannot be changed: permission denied, also to root", "lsattr"),
        (errno.ENOTEMPTY, "/srv/x: Directory not empty", "fix it"),
    ],
)
def test_a_failure_of_the_host_has_words_without_a_number(code: int, words: str, step: str) -> None:
    found = told(OSError(code, os.strerror(code), "/srv/x"))
    assert found.problem == words
    assert step in found.next_step
    assert found.next_step.endswith("again")


def test_a_read_only_file_system_is_told_with_its_place(small: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(small)], check=True)
    found = failure(lambda: write_file(small / "note.json", b"{}", 0o644))
    assert found.problem.startswith(f"the file system of {small}")
    assert found.problem.endswith("is read-only")


@pytest.mark.parametrize(("size", "words"), [(0, "0 MiB"), (1, "1 MiB"), (65 * 2**20, "65 MiB"), (2**30, "1.0 GiB")])
def test_a_size_never_shows_as_zero_though_it_is_some(size: int, words: str) -> None:
    assert amount(size) == words


@pytest.mark.parametrize(
    ("wanted", "have", "words"),
    [
        (16 * 2**20, 2**20 - 1, "16 MiB needed for x, 0 MiB free"),
        (900_000, 600_000, "1 MiB needed for x, 0 MiB free"),
        (2**31, 2**31 - 1, "2048 MiB needed for x, 2047 MiB free"),
        (3 * 2**30, 2**30, "3.0 GiB needed for x, 1.0 GiB free"),
    ],
)
def test_what_is_free_never_shows_as_what_is_needed(wanted: int, have: int, words: str) -> None:
    assert not_enough("/srv", "x", wanted, have) == f"not enough disk at /srv: {words}"


SAID = {
    "mmdebstrap": "dpkg: error: failed to write (No space left on device)\nE: mmdebstrap failed to run",
    "uv": "error: Failed to unpack\n  Caused by: failed to write to file (No space left on device (os error 28))",
    "apt": "E: You don't have enough free space in /var/cache/apt/archives/.\nE: Unable to download",
    "docker": "Docker refused POST /images/load: write /layer.tar: no space left on device",
    "quota": "tar: etc: Cannot write: Disk quota exceeded\ntar: Exiting with failure status",
}


@pytest.mark.parametrize("said", SAID.values(), ids=SAID)
def test_a_program_that_met_a_full_disk_is_told_with_the_disk(said: str) -> None:
    found = full_disk("/var/cache/kit", said)
    assert found is not None
    assert found.problem.startswith("the disk of /var/cache/kit is full: ")
    assert found.problem.rpartition(": ")[2] in said
    assert found.next_step.startswith("free some space there, then run")


def test_any_other_failure_of_a_program_is_no_full_disk() -> None:
    assert full_disk("/var/cache/kit", "E: mmdebstrap failed to run") is None


def test_compose_that_meets_a_full_disk_names_the_folder_of_docker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "docker"
    program.write_text("#!/bin/sh\necho 'Error: mkdir /x: no space left on device' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setattr(compose, "program", lambda: [str(program)])
    monkeypatch.setattr(Docker, "root", lambda _: "/big/docker")
    (tmp_path / "run").mkdir()
    with pytest.raises(FullDiskError, match=r"^the disk of /big/docker is full: t: docker compose failed"):
        compose.run_up(tmp_path, compose.up_argv(tmp_path, "t", ["t"], recreate=False), "t")
