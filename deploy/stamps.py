"""A digest of the kit's own modules that costs no reading of one: it changes whenever a module does."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from deploy.agent.remembered import stamp

SECONDS = 2
"""Age of a change below which another one could leave a file's stamp as it is: file systems have coarse clocks."""
NANOSECONDS = 10**9
Stamped = tuple[str, os.stat_result]


@cache
def package_stamps() -> str | None:
    """Return the digest of the modules of this kit; None if one of them changed just now, or cannot be looked at."""
    return stamps_of(Path(__file__).parent)


def stamps_of(folder: Path) -> str | None:
    """Return the digest of the modules below a folder, by their paths and stamps."""
    digest, newest = hashlib.sha256(), 0
    try:
        for path, status in _modules(os.fspath(folder), set()):
            digest.update(f"{path}\0{[*stamp(status).values()]}\0".encode(errors="surrogateescape"))
            newest = max(newest, status.st_ctime_ns)
    except OSError:
        return None
    return digest.hexdigest() if newest < time.time_ns() - SECONDS * NANOSECONDS else None


def _modules(folder: str, above: set[tuple[int, int]]) -> Iterator[Stamped]:
    """Yield the modules below a folder, sorted; links are followed, but into no folder that leads here."""
    status = os.stat(folder)  # noqa: PTH116 - hundreds of them in each run
    place = (status.st_dev, status.st_ino)
    if place in above:
        return
    with os.scandir(folder) as listed:
        entries = sorted(listed, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(".py"):
            yield entry.path, entry.stat()
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _modules(entry.path, {*above, place})
