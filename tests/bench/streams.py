"""Prints what a large file takes of both sides' memory: `python tests/bench/streams.py [--gib 2]`.

A sparse file of that size goes to a real agent of this machine as a model file: once whole, and once in two halves, as
after a cut. Each line has the seconds, and the most memory that the control node and the agent had, in MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from deploy.agent.contract.verbs import MODELS
from deploy.errors import KitError
from deploy.hosts.local import LocalTransport

MIB, GIB = 2**20, 2**30
LOOK_SECONDS = 0.02


def main() -> None:
    """Send the file and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gib", type=float, default=2.0)
    size = int(parser.parse_args().gib * GIB)
    with tempfile.TemporaryDirectory(prefix="kit-streams-") as name:
        folder = Path(name)
        source = folder / "sparse.gguf"
        with source.open("wb") as stream:
            stream.truncate(size)
        with source.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        whole, cut = (Sending(folder / word, source, size, sha256) for word in ("whole", "cut"))
        whole.run("whole", size)
        try:
            cut.run("first half", size // 2)
        except KitError as error:
            print(f"  then: {error.problem}")
        cut.run("rest", size)


class Sending:
    """A host's folder that lacks the file."""

    def __init__(self, folder: Path, source: Path, size: int, sha256: str) -> None:
        self.folder = folder
        self._source = source
        self._transport = LocalTransport(str(folder / "agent"))
        model = {"name": "large", "path": str(folder / "models" / "m.gguf"), "uid": os.getuid(), "gid": os.getgid()}
        model |= {"sha256": sha256, "size": size, "source": {"file": {"name": source.name}}}
        self._base: Any = {"stack": "bench", "root": str(folder / "root"), "run": "bench"}
        self._request: Any = {**self._base, "cache": str(folder / "cache"), "models": [model]}

    def run(self, words: str, until: int) -> None:
        """Send the file's bytes up to a number, and print what that took."""
        held: Any = {**self._base, "command": "bench"}
        with self._transport.hold(held, lambda _: None), peaks() as most:
            begun = time.monotonic()
            try:
                self._transport.send(MODELS, self._request, lambda _name, start: self._opened(start, until))
            finally:
                own, agents = most[os.getpid()], max(kib for pid, kib in most.items() if pid != os.getpid())
                memory = f"control node {own / 1024:.0f} MiB, agent {agents / 1024:.0f} MiB"
                print(f"{words}: {time.monotonic() - begun:.1f} s, {memory}")

    @contextmanager
    def _opened(self, start: int, until: int) -> Iterator[Iterator[bytes]]:
        with self._source.open("rb") as stream:
            stream.seek(start)
            yield iter(lambda: stream.read(min(MIB, until - stream.tell())), b"")


@contextmanager
def peaks() -> Iterator[dict[int, int]]:
    """Give the most resident memory, in KiB, of this process and of those that it starts."""
    most: dict[int, int] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_SECONDS):
            children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            for pid in (os.getpid(), *map(int, children)):
                most[pid] = max(most.get(pid, 0), resident(pid))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()


def resident(pid: int) -> int:
    """Return the most resident memory of a process so far, in KiB; 0 for one that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("VmHWM:")), 0)


if __name__ == "__main__":
    main()
