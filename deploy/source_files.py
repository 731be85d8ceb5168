"""Files that decide the meaning of kit.yaml: read in one place, so that a run can list them by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

LOCK = "kit.lock"
Digests = dict[str, str]
"""Absolute path of each file to the sha256 of its bytes."""
_RECORD: ContextVar[Digests | None] = ContextVar("record", default=None)


def read_input(path: Path, limit: int) -> bytes:
    """Return the bytes of a file, `limit` + 1 of them if it is larger; a recording run remembers the digest."""
    with path.open("rb") as stream:
        content = stream.read(limit + 1)
    record = _RECORD.get()
    if record is not None:
        # Links stay in the path: one that leads elsewhere later is followed there when the file is looked at again.
        record[str(path.absolute())] = hashlib.sha256(content).hexdigest()
    return content


@contextmanager
def recorded() -> Iterator[Digests]:
    """Collect the digest of every input that is read from here on."""
    record: Digests = {}
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)


def lock_path(spec_path: Path) -> Path:
    """Return the path of a spec's lock, beside it."""
    return spec_path.with_name(LOCK)
