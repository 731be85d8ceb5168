"""Processes as the kernel tells them."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def children(parent: int) -> dict[int, str]:
    """Return the command lines of a process' children, by process id."""
    found = {}
    for task in Path("/proc").glob(f"{parent}/task/*/children"):
        for number in read(task).split():
            found[int(number)] = (
                read(Path(f"/proc/{number.decode()}/cmdline")).replace(b"\0", b" ").decode(errors="replace")
            )
    return found


def descendants(parent: int) -> list[int]:
    """Return every process that a process has started, directly or not."""
    direct = list(children(parent))
    return [*direct, *(one for child in direct for one in descendants(child))]


def kill(process: int, *, with_all: bool) -> None:
    """End a process as a crash does, or it and all it started as a power cut does."""
    for number in [process, *(descendants(process) if with_all else [])]:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def read(path: Path) -> bytes:
    """Return a file's bytes; none where the process has just gone."""
    try:
        return path.read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return b""
