"""Temporary folders of runs that are killed: the next run removes them, and never those of a living one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.scratch import scratch_folder
from tests.tree import REPOSITORY

HOLDER = """
import subprocess, sys, time
sys.path.insert(0, sys.argv[1])
from deploy.scratch import scratch_folder
with scratch_folder("t-scratch-", sys.argv[2]) as scratch:
    (scratch.path / "request").write_text("a secret")
    if len(sys.argv) > 3:
        print(subprocess.Popen(["sleep", "600"], pass_fds=[scratch.lock], stdout=subprocess.DEVNULL).pid)
    print(scratch.path, flush=True)
    time.sleep(600)
"""


def holder(parent: Path, *more: str) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", HOLDER, str(REPOSITORY), str(parent), *more]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def kill(process: subprocess.Popen[str]) -> None:
    with process:
        process.send_signal(signal.SIGKILL)


def test_the_folder_of_a_killed_run_is_removed_by_the_next_one_and_that_of_a_living_one_is_not(tmp_path: Path) -> None:
    dead, living = holder(tmp_path), holder(tmp_path)
    left, kept = Path(line(dead)), Path(line(living))
    kill(dead)
    assert (left / "request").exists()
    with scratch_folder("t-scratch-", str(tmp_path)) as own:
        assert set(tmp_path.iterdir()) == {kept, own.path}
        assert own.path.stat().st_mode & 0o777 == 0o700
    kill(living)
    with scratch_folder("t-scratch-", str(tmp_path)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_started_keeps_the_folder_for_as_long_as_it_goes_on(tmp_path: Path) -> None:
    run = holder(tmp_path, "with a child")
    child, folder = int(line(run)), Path(line(run))
    kill(run)
    with scratch_folder("t-scratch-", str(tmp_path)):
        assert folder.exists()
    os.kill(child, signal.SIGKILL)
    with scratch_folder("t-scratch-", str(tmp_path)) as own:
        while folder.exists():
            with scratch_folder("t-scratch-", str(tmp_path)):
                pass
        assert own.path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to make a folder somebody else's")
def test_what_is_somebody_elses_or_a_link_stays(tmp_path: Path) -> None:
    theirs, elsewhere = tmp_path / "t-scratch-theirs", tmp_path / "elsewhere"
    for folder in (theirs, elsewhere):
        folder.mkdir()
    os.chown(theirs, 4711, 4711)
    (tmp_path / "t-scratch-link").symlink_to(elsewhere)
    with scratch_folder("t-scratch-", str(tmp_path)):
        pass
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "t-scratch-link", "t-scratch-theirs"]
