"""Files that decide what kit.yaml means: read in one place, so that a run can tell which they were, by content."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

Digests = dict[str, str]
"""sha256 of each file's bytes, by its absolute path."""
_RECORD: ContextVar[Digests | None] = ContextVar("record", default=None)


def read_input(path: Path, limit: int) -> bytes:
    """Return the bytes of a file, one more than the limit where it is larger; a recording run remembers them."""
    with path.open("rb") as stream:
        content = stream.read(limit + 1)
    record = _RECORD.get()
    if record is not None:
        # Links stay in the path: one that leads elsewhere later is followed there when the file is looked at again.
        record[str(path.absolute())] = hashlib.sha256(content).hexdigest()
    return content


@contextmanager
def recorded() -> Iterator[Digests]:
    """Collect every input that is read from here on."""
    record: Digests = {}
    token = _RECORD.set(record)
    try:
        yield record
    finally:
        _RECORD.reset(token)
