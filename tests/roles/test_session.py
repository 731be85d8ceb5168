"""Docker's engine without systemd, by a stand-in of its name: an engine inside of a container has that name too."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tree import REPOSITORY
from tests.waiting import wait_until

SESSION = REPOSITORY / "roles/docker_engine/files/session.sh"
Run = Callable[[str], str]


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Run]:
    """Run the script with a stand-in for the engine, which writes its number where Docker's engine does."""
    program = tmp_path / "dockerd"
    program.write_text(f'#!/bin/sh\necho $$ >"{tmp_path}/docker.pid"\nwhile :; do sleep 0.1; done\n')
    program.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def run(what: str) -> str:
        argv = ["sh", str(SESSION), what, str(tmp_path / "docker.pid"), str(tmp_path / "dockerd.log")]
        ended = subprocess.run(argv, env=environment, check=True, capture_output=True)
        wait_until(lambda: number(tmp_path) > 0, "the engine has written its number", saw=lambda: log(tmp_path))
        return ended.stdout.decode().strip()

    yield run
    if number(tmp_path) > 0:
        os.kill(number(tmp_path), signal.SIGKILL)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another engine, whose number is in a file of its own."""
    place = tmp_path / "container"
    place.mkdir()
    shutil.copy("/bin/sleep", place / "dockerd")
    with subprocess.Popen([place / "dockerd", "60"]) as process:
        yield process
        process.kill()


def number(folder: Path) -> int:
    """Return the number in the engine's file; 0 if there is none."""
    text = (folder / "docker.pid").read_text() if (folder / "docker.pid").exists() else ""
    return int(text or 0)


def log(folder: Path) -> str:
    """Return what the engine printed, and the number in its file."""
    path = folder / "dockerd.log"
    return f"number {number(folder)}, log {path.read_text() if path.exists() else 'missing'}"


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def test_an_engine_of_a_container_keeps_the_hosts_own_from_nothing(
    tmp_path: Path, session: Run, elsewhere: subprocess.Popen[bytes]
) -> None:
    assert session("start") == "started"
    first = number(tmp_path)
    assert session("start") == ""
    assert number(tmp_path) == first
    assert session("restart") == "started"
    wait_until(lambda: number(tmp_path) not in (0, first), "another engine runs", saw=lambda: log(tmp_path))
    assert not is_there(first)
    assert elsewhere.poll() is None


def test_a_number_that_a_dead_engine_left_to_another_process_ends_nobody(
    tmp_path: Path, session: Run, elsewhere: subprocess.Popen[bytes]
) -> None:
    with subprocess.Popen(["sleep", "60"]) as stranger:
        (tmp_path / "docker.pid").write_text(f"{stranger.pid}\n")
        assert session("restart") == "started"
        wait_until(lambda: number(tmp_path) != stranger.pid, "its number is written", saw=lambda: log(tmp_path))
        assert stranger.poll() is None
        stranger.kill()
    assert elsewhere.poll() is None
