"""Temporary files of an agent that SIGKILL ended, and their removal."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from deploy.agent.leftovers import remove_leftovers
from tests.tree import REPOSITORY

# Killed, or still at it, between the first byte and the rename.
WRITER = """
import os, signal, sys, time
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from deploy.agent.remembered import write_file
def reached(descriptor):
    print("reached", flush=True)
    os.kill(os.getpid(), signal.SIGKILL) if sys.argv[3] == "die" else time.sleep(600)
os.fsync = reached
write_file(Path(sys.argv[2]) / "secret", b"half", 0o400)
"""


def writer(folder: Path, how: str) -> subprocess.Popen[bytes]:
    argv = [sys.executable, "-c", WRITER, str(REPOSITORY), str(folder), how]
    process = subprocess.Popen(argv, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"reached\n"
    return process


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_a_killed_agent_was_writing_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    dead, living = writer(tmp_path, "die"), writer(tmp_path, "go on")
    with dead, living:
        dead.wait()
        left, kept = (f".secret.{process.pid}.new" for process in (dead, living))
        assert names(tmp_path) == sorted([left, kept])
        assert remove_leftovers([tmp_path]) == [str(tmp_path / left)]
        assert names(tmp_path) == [kept]
        living.send_signal(signal.SIGKILL)
    assert remove_leftovers([tmp_path, tmp_path / "nowhere"]) == [str(tmp_path / kept)]
    assert names(tmp_path) == []


def test_a_younger_process_with_the_number_of_the_dead_one_keeps_nothing(tmp_path: Path) -> None:
    left = tmp_path / f".secret.{os.getpid()}.new"
    left.write_text("half")
    assert remove_leftovers([tmp_path]) == []
    os.utime(left, (0, 0))
    assert remove_leftovers([tmp_path]) == [str(left)]


def test_only_what_an_agent_names_so_is_a_leftover(tmp_path: Path) -> None:
    for name in (".hidden.new", "model.999999.new", ".env", ".a.99x.new"):
        (tmp_path / name).write_text("a person's")
    (tmp_path / ".folder.999999.new").mkdir()
    assert remove_leftovers([tmp_path]) == []
    assert len(names(tmp_path)) == 5
