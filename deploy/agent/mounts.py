"""The file system of a path, from the kernel's table of mounts."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

TABLE = Path("/proc/self/mountinfo")


class Mount(NamedTuple):
    """A mounted file system."""

    point: str
    kind: str
    source: str


def mount_of(path: Path, table: str | None = None) -> Mount:
    """Return the file system of an existing or future path; links are followed."""
    place = str(_existing(path).resolve())
    deepest = Mount("/", "", "")
    for mount in _mounts(TABLE.read_text(errors="replace") if table is None else table):
        # A later line hides an earlier one of the same place.
        if _is_within(place, mount.point) and len(mount.point) >= len(deepest.point):
            deepest = mount
    return deepest


def _existing(path: Path) -> Path:
    while not _is_there(path) and path != path.parent:
        path = path.parent
    return path


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")


@lru_cache(maxsize=1)
def _mounts(table: str) -> list[Mount]:
    mounts = []
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        place, system = before.split(), after.split()
        if len(place) > 4 and len(system) > 1:
            mounts.append(Mount(_plain(place[4]), system[0], _plain(system[1])))
    return mounts


def _plain(text: str) -> str:
    """Decode the kernel's octal escapes of blanks and the like."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
