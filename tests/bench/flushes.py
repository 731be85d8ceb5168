"""The longest wait of a small flush beside that of a big copy: in pieces, as the agent flushes it, and at once."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from deploy.agent.data.flushed import flush
from tests.bench.measure import Ratio, Result

RUNS, COPY_BYTES, BLOCK = 8, 128 * 2**20, 2**20
WRITER = """
import os, sys, threading, time
stop, longest = threading.Event(), 0.0
threading.Thread(target=lambda: (sys.stdin.read(), stop.set())).start()
file = os.open(sys.argv[1], os.O_CREAT | os.O_WRONLY | os.O_APPEND)
print("ready", flush=True)
while not stop.wait(0.002):
    os.write(file, b"x" * 4096)
    begun = time.perf_counter()
    os.fsync(file)
    longest = max(longest, time.perf_counter() - begun)
print(longest, flush=True)
"""
"""Flushes a small file again and again until its input ends, and prints the longest flush in seconds."""


def flush_of_a_copy(_spec: Path) -> Result:
    """Return the longest flush of a writer beside a copy in pieces against that beside a copy at once."""
    seconds: dict[str, list[float]] = {"in pieces": [], "at once": []}
    ways = {"in pieces": flush, "at once": _flush_at_once}
    with tempfile.TemporaryDirectory(prefix="kit-bench-flush-") as folder:
        for number in range(RUNS):
            for way in list(ways)[:: 1 if number % 2 else -1]:
                seconds[way].append(_longest(Path(folder), ways[way]))
    mine, theirs = map(median, seconds.values())
    words = "longest fsync beside the flush of a copy of 128 MiB"
    return Ratio("flush", f"{words} in pieces", f"{words} at once", mine, theirs, 0.5, RUNS)


def _longest(folder: Path, way: Callable[[Path], None]) -> float:
    copy, block = folder / "copy", os.urandom(BLOCK)
    os.sync()
    argv = [sys.executable, "-c", WRITER, str(folder / "small")]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdin is not None
        writer.stdout.readline()
        with copy.open("wb") as stream:
            for _ in range(COPY_BYTES // BLOCK):
                stream.write(block)
        way(copy)
        writer.stdin.close()
        longest = float(writer.stdout.readline())
    copy.unlink()
    return longest


def _flush_at_once(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
