"""A backup against its own parts done by hand, and what a writer feels of both.

There are two peers. `by_hand` is `cp -a` and restic: its copy of a database that is written may be torn, and nothing
of it is flushed or checked. `with_care` makes a copy that can be relied on, as the job does: SQLite's online backup,
the flush of all copies, and a check of the database. It leaves out the checksums, the numbers of rows and the proof of
the snapshot, which only the job has.
"""

from __future__ import annotations

import functools
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from statistics import median

from deploy.hosts.wire.agent_zip import agent_zip
from deploy.stack import HOST_PYTHON
from tests.bench.measure import Ratio, Result, Skipped
from tests.unit.agent.backups.conftest import KEY, host_in

RUNS = 4
FILES, FILE_BYTES = 4, 64 * 2**20
"""Uploads, of random bytes: nothing of them compresses."""
ROWS, ROW_BYTES = 50_000, 2_000
"""Chats in the database: about 100 MiB."""
WRITER = """
import sqlite3, sys, threading, time
stop, longest = threading.Event(), 0.0
threading.Thread(target=lambda: (sys.stdin.read(), stop.set())).start()
connection = sqlite3.connect(sys.argv[1], timeout=30)
connection.execute("pragma synchronous=normal")
print("ready", flush=True)
while not stop.wait(0.01):
    begun = time.perf_counter()
    with connection:
        connection.execute("insert into said values (?)", ("x" * 200,))
    longest = max(longest, time.perf_counter() - begun)
print(longest, flush=True)
"""
"""Commits about 100 rows a second until its input ends, and prints the longest commit in seconds."""


class Bench:
    """A host with data, and two repositories that restic itself made: the kit's, and one to use by hand."""

    def __init__(self, folder: Path) -> None:
        self.host = host_in(folder, _initialized(folder / "empty"))
        for number in range(FILES):
            (self.host.data / f"uploads/{number}.bin").write_bytes(os.urandom(FILE_BYTES))
        with closing(sqlite3.connect(self.host.database)) as connection, connection:
            rows = ((os.urandom(ROW_BYTES // 2).hex(),) for _ in range(ROWS))
            connection.executemany("insert into said values (?)", rows)
        self._folder = folder
        self._agent = folder / agent_zip().name
        self._agent.write_bytes(agent_zip().content)
        # A host's first probe compiles the agent, long before a job of it runs; a refused one does it as well.
        subprocess.run([*self._start, "probe"], input="{}\n", capture_output=True, text=True, check=False)
        assert len([*folder.glob(f"{self._agent.name}.*")]) == 1, "the agent is not compiled"

    def clear(self) -> None:
        """Be as before the first backup, with repositories that are there and empty."""
        for path in (self.host.repository, self.host.root / "backup", self._hand, self._copy):
            shutil.rmtree(path, ignore_errors=True)
        (self.host.root / "backups.json").unlink(missing_ok=True)
        for repository in (self.host.repository, self._hand):
            shutil.copytree(self._folder / "empty", repository)
        os.sync()

    @property
    def _start(self) -> list[str]:
        return [HOST_PYTHON, "-X", "utf8", "-IS", str(self._agent)]

    @property
    def _hand(self) -> Path:
        return self._folder / "by-hand"

    @property
    def _copy(self) -> Path:
        return self._folder / "copy"

    def ours(self, *, is_daily: bool) -> None:
        """Run the agent's job as a host's scheduler does; one before a change leaves retention and check out."""
        request = {
            "format": 1,
            "stack": "home",
            "root": str(self.host.root),
            "job": "backup",
            "verb": "back_up",
            "request": {} if is_daily else {"before": "image"},
            "patience_seconds": 60,
        }
        _run([*self._start, "job"], given=json.dumps(request) + "\n")

    def by_hand(self, *, is_daily: bool) -> None:
        """Copy the same data, and run restic on the copy."""
        _run(["cp", "-a", str(self.host.data), str(self._copy)])
        self._keep(is_daily=is_daily)

    def with_care(self, *, is_daily: bool) -> None:
        """Make a consistent copy of the same data, flush and check it, and run restic on it."""
        self._copy.mkdir()
        copied = self._copy / self.host.database.name
        _run(["sqlite3", str(self.host.database), f".backup {copied}"])
        _run(["cp", "-a", str(self.host.data / "uploads"), str(self._copy)])
        _run(["sync", "-f", str(self._copy)])
        if _run(["sqlite3", str(copied), "PRAGMA integrity_check"]) != "ok\n":
            raise SystemExit("the copy of the database is damaged")
        self._keep(is_daily=is_daily)

    def _keep(self, *, is_daily: bool) -> None:
        self._restic("backup", str(self._copy))
        if is_daily:
            self._restic("forget", "--keep-last", "10", "--prune")
            self._restic("check", "--read-data-subset=1/10")

    def _restic(self, *words: str) -> None:
        _run(["restic", "--json", "--no-cache", "-r", str(self._hand), *words], RESTIC_PASSWORD=KEY)


def _initialized(repository: Path) -> Path:
    _run(["restic", "-r", str(repository), "init"], RESTIC_PASSWORD=KEY)
    return repository


def _run(argv: list[str], given: str = "", **environment: str) -> str:
    done = subprocess.run(
        argv, input=given, capture_output=True, text=True, check=False, env={**os.environ, **environment}
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} exited {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def _bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="kit-bench-backup-") as folder:
        yield Bench(Path(folder))


def _seconds(act: Callable[[], None]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _processor_seconds(act: Callable[[], None]) -> float:
    """Return the processor time of all programs that were started: a busy neighbour changes it little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    act()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _longest_commit(database: Path, act: Callable[[], None]) -> float:
    """Return the longest commit of a writer while something is done."""
    argv = [sys.executable, "-c", WRITER, str(database)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        writer.stdout.readline()
        act()
        writer.stdin.close()
        return float(writer.stdout.readline())


MEASURES: dict[str, tuple[str, Callable[[Path, Callable[[], None]], float]]] = {
    "time": ("", lambda _database, act: _seconds(act)),
    "work": ("processor time of ", lambda _database, act: _processor_seconds(act)),
    "stall": ("longest commit beside ", _longest_commit),
}
"""Each measure with the words for it."""


PEERS = {
    "by_hand": ("cp -a and restic backup", ["restic"]),
    "with_care": ("sqlite3 .backup, cp -a, sync -f, PRAGMA integrity_check and restic backup", ["restic", "sqlite3"]),
}
"""Each peer with the words for it, and the programs that it needs."""


def _in_turns(name: str, bar: float, measure: str, peer: str, *, is_daily: bool) -> Result:
    """Measure both in turns on the same data; each begins without a backup."""
    words, measured = MEASURES[measure]
    done, programs = PEERS[peer]
    if missing := [program for program in programs if shutil.which(program) is None]:
        return Skipped(name, f"{' and '.join(missing)} are not on this machine")
    seconds: dict[str, list[float]] = {"ours": [], peer: []}
    with _bench() as bench:
        for number in range(RUNS):
            # Each turn begins with the other one, so that neither always has the warmer disk.
            for which in list(seconds)[:: 1 if number % 2 else -1]:
                bench.clear()
                act = functools.partial(getattr(bench, which), is_daily=is_daily)
                seconds[which].append(measured(bench.host.database, act))
    mine, theirs = map(median, seconds.values())
    theirs_in_words = done + (", forget --prune, check of a tenth" if is_daily else "")
    ours = "the daily job" if is_daily else "a backup before a change"
    return Ratio(name, words + ours, words + theirs_in_words, mine, theirs, bar, RUNS)


def backup(_spec: Path) -> Result:
    """Return the speed of a first backup of about 360 MiB against copying the data and restic on the copy."""
    return _in_turns("backup", 1.1, "time", "by_hand", is_daily=False)


def backup_care(_spec: Path) -> Result:
    """Return the same against a consistent copy that is flushed and checked."""
    return _in_turns("care", 1.1, "time", "with_care", is_daily=False)


def backup_work(_spec: Path) -> Result:
    """Return the processor time of a first backup against that of a plain copy and restic on it."""
    return _in_turns("work", 1.1, "work", "by_hand", is_daily=False)


def daily(_spec: Path) -> Result:
    """Return the speed of a daily run, whose peer forgets and checks as well."""
    return _in_turns("daily", 1.1, "time", "by_hand", is_daily=True)


def daily_care(_spec: Path) -> Result:
    """Return the same against a consistent copy that is flushed and checked."""
    return _in_turns("careday", 1.1, "time", "with_care", is_daily=True)


def daily_work(_spec: Path) -> Result:
    """Return the processor time of a daily run against that of a plain copy and the same of restic on it."""
    return _in_turns("workday", 1.1, "work", "by_hand", is_daily=True)


def stall(_spec: Path) -> Result:
    """Return the longest commit of a writer beside a daily run against that beside the same work by hand."""
    return _in_turns("stall", 1.5, "stall", "by_hand", is_daily=True)
