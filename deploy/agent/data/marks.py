"""A mark in an engine's models folder: it tells a folder that was emptied from a drive that is not mounted.

An engine whose models are all deleted leaves an empty folder, like a drive that is not mounted. The mark lies beside
the manifests. The engine reads nothing there and keeps unknown files, so only a person who empties the folder by hand
removes the mark.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deploy.agent.data.trees import OURS

FOLDER = "manifests"
MARK = f"{OURS}place"
LENGTH = 32


def mark_of(place: Path) -> str:
    """Return the mark of a models folder; empty if it has none."""
    with suppress(OSError), _opened(place) as folder:
        return _read(folder)
    return ""


def has_another(place: Path, mark: str) -> bool:
    """True if a readable models folder has another mark, or none."""
    with suppress(OSError), _opened(place) as folder:
        return _read(folder) != mark
    return False


def leave_mark(place: Path) -> str:
    """Return the mark of a models folder, made if missing; empty if the folder cannot have one."""
    with suppress(OSError), _opened(place) as folder:
        if not (mark := _read(folder)):
            # Not of the module secrets: its random numbers take a tenth of a probe to load.
            mark = os.urandom(LENGTH // 2).hex()
            _write(folder, mark)
        return mark
    return ""


@contextmanager
def _opened(place: Path) -> Iterator[int]:
    # The folder belongs to the engine's user: no link of theirs leads root elsewhere.
    folder = os.open(place / FOLDER, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield folder
    finally:
        os.close(folder)


def _read(folder: int) -> str:
    try:
        file = os.open(MARK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return ""
    with os.fdopen(file, "rb") as stream:
        return stream.read(LENGTH).decode("ascii", "replace")


def _write(folder: int, mark: str) -> None:
    file = os.open(MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o444, dir_fd=folder)
    with os.fdopen(file, "wb") as stream:
        stream.write(mark.encode())
        os.fchmod(file, 0o444)
        os.fsync(file)
