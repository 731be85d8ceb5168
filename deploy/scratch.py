"""A run's own temporary folder; the next run removes what a killed run left behind."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Scratch:
    """A folder that belongs to this run as long as the run holds its lock."""

    path: Path
    lock: int
    """Descriptor of the lock; a process that inherits it keeps the folder after this process was killed."""


@contextlib.contextmanager
def scratch_folder(prefix: str, parent: str | None = None) -> Iterator[Scratch]:
    """Make a folder and remove it at the end; first remove folders of the same name that no run holds."""
    place = Path(parent or tempfile.gettempdir())
    for folder in place.glob(f"{prefix}*"):
        _remove_dead(folder)
    made = _made(prefix, place)
    try:
        yield made
    finally:
        # What a child still writes is removed by the next run that finds its lock free.
        shutil.rmtree(made.path, ignore_errors=True)
        os.close(made.lock)


def memory_folder() -> str | None:
    """Find a folder in memory, so that a run leaves nothing on a disk; None for the usual temporary one."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK | os.X_OK) else None


def _made(prefix: str, place: Path) -> Scratch:
    while True:
        path = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        lock = _locked(path)
        # Another run may have taken it for a dead one before it was locked.
        if lock is not None and path.is_dir():
            return Scratch(path, lock)
        if lock is not None:
            os.close(lock)


def _remove_dead(folder: Path) -> None:
    lock = _locked(folder)
    if lock is None:
        return
    try:
        # In a folder where everybody writes, only an own one is a run's of this user.
        if os.fstat(lock).st_uid == os.geteuid():
            # Another run may be at it as well.
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(lock)


def _locked(folder: Path) -> int | None:
    """Lock a folder for this process; None if another process holds it, or it is gone."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
