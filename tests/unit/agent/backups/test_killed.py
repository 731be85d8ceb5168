"""A backup that is killed at any moment leaves no bad snapshot, and the next one works."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from deploy.agent.backups import check
from deploy.agent.stack.backup_memory import observe
from tests.tree import REPOSITORY
from tests.unit.agent.backups.conftest import QUIET, Host, said

KILLS = 5
PROGRAM = (
    "import sys; from deploy.agent.backups import take; from deploy.agent.journal import Journal; "
    "take.run({'stack': 'home', 'root': sys.argv[1]}, Journal('', ''))"
)


def begun(host: Host) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(host.root)], cwd=REPOSITORY)


def killed_at(host: Host, folder: Path, dice: random.Random, times: int) -> int:
    """Kill so many backups, each at a random moment, and return how many snapshots there are: all of them are whole."""
    (host.data / "uploads/large.bin").write_bytes(os.urandom(5_000_000))
    host.keep = {"last": 2 * times + 2}
    host.release()
    started = time.monotonic()
    assert begun(host).wait() == 0
    took = time.monotonic() - started
    for number in range(times):
        host.say(f"word {number}")
        process = begun(host)
        time.sleep(dice.uniform(0.1, took))
        # restic is in a session of its own, and goes on alone.
        process.send_signal(signal.SIGKILL)
        was_killed = process.wait() == -signal.SIGKILL
        last = observe(host.root)["last"] or {}
        assert "ended" in last or was_killed
    answer = host.back_up()
    assert not (host.root / "backup/copies/configs/secrets").exists()
    assert check.run(host.request, QUIET)["problems"] == []
    assert "ended" in (observe(host.root)["last"] or {})
    snapshots = [each["id"] for each in host.listed()["snapshots"]]
    assert answer["snapshot"] in snapshots
    words = ["first", *(f"word {number}" for number in range(times))]
    for number, snapshot in enumerate(snapshots):
        there = said(host.restored(snapshot, folder / f"there-{number}") / "data/page/data/webui.db")
        assert there == words[: len(there)]
    assert there == words
    return len(snapshots)


def test_a_backup_that_is_killed_at_any_moment_leaves_only_whole_snapshots(host: Host, tmp_path: Path) -> None:
    killed_at(host, tmp_path, random.Random(7), KILLS)
