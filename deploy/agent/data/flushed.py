"""Files on their way to the disk, piece by piece.

A commit of the file system waits for the new blocks of all files, so the commit of a service's database would wait for
a big copy that is flushed at once. Pieces also keep the disk busy while the next ones are copied.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

from deploy.agent.errors import naming

PIECE = 2 * 2**20
"""Two are on their way. With 8 MiB a commit waits twice as long, and the copy takes a tenth of its time less."""
WAIT_BEFORE, WRITE, WAIT_AFTER = 1, 2, 4
"""Flags of Linux's sync_file_range: wait for writes that are under way, begin to write, wait for these."""
_UNKNOWN = frozenset({errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ESPIPE})
"""Errors of a file system without flushes of a range."""
SyncRange = Callable[[int, int, int, int], None]


class Pieces:
    """An open file whose pieces go to the disk as they are written: the next one while the former is waited for."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._begun = self._former = 0

    def wrote(self, size: int) -> None:
        """Begin to write the newest piece of a file that has this size by now, and wait for the piece before it."""
        if size - self._begun < PIECE:
            return
        sync_range(self._descriptor, self._begun, size - self._begun, WRITE)
        if self._begun > self._former:
            length = self._begun - self._former
            sync_range(self._descriptor, self._former, length, WAIT_BEFORE | WRITE | WAIT_AFTER)
        self._former, self._begun = self._begun, size


def flush(path: Path) -> None:
    """Bring a file's bytes to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with naming(path):
            size, pieces = os.fstat(descriptor).st_size, Pieces(descriptor)
            for end in range(PIECE, size + 1, PIECE):
                pieces.wrote(end)
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_range(descriptor: int, begin: int, length: int, flags: int) -> None:
    """Write a range of a file to the disk; nothing where the system cannot, for the flush of the file follows."""
    global _sync_range  # noqa: PLW0603 - looked up once, and only for a big file
    if _sync_range is None:
        _sync_range = _looked_up()
    _sync_range(descriptor, begin, length, flags)


_sync_range: SyncRange | None = None


def _looked_up() -> SyncRange:
    # It costs more to import than a small backup has to flush.
    import ctypes

    call = getattr(ctypes.CDLL(None, use_errno=True), "sync_file_range", None)
    if call is None:
        return lambda _descriptor, _begin, _length, _flags: None

    def sync(descriptor: int, begin: int, length: int, flags: int) -> None:
        done = call(descriptor, ctypes.c_int64(begin), ctypes.c_int64(length), ctypes.c_uint(flags))
        # The kernel tells of a broken disk once: this answer must not get lost.
        if done and ctypes.get_errno() not in _UNKNOWN:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return sync
