"""Temporary files that a killed agent left beside their targets; never those that a running agent writes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

BESIDE = re.compile(r"\..+\.(?P<pid>[0-9]+)\.new")
PARTIAL = re.compile(r"\..+\.[0-9a-f]{64}\.part")
# The kernel tells when it was started in whole seconds.
ROUNDED_SECONDS = 2.0


def beside(path: Path) -> Path:
    """Return the temporary path for a file that is renamed when complete; its name holds the process id."""
    return path.parent / f".{path.name}.{os.getpid()}.new"


def partial(path: Path, sha256: str) -> Path:
    """Return the path for the part of a file that has arrived; a later run goes on with it."""
    return path.parent / f".{path.name}.{sha256}.part"


def size_of(path: Path) -> int:
    """Return the size of a file; a missing one has none."""
    return path.stat().st_size if path.exists() else 0


def remove_partials(folders: Iterable[Path]) -> list[str]:
    """Remove the parts of files that never became whole from these folders, and return their paths."""
    partials = (path for folder in folders for path in sorted(folder.glob(".*.part")))
    stale = [path for path in partials if PARTIAL.fullmatch(path.name) and path.is_file() and not path.is_symlink()]
    for path in stale:
        path.unlink(missing_ok=True)
    return [str(path) for path in stale]


def remove_leftovers(folders: Iterable[Path]) -> list[str]:
    """Remove the temporary files of dead agents from these folders, and return their paths."""
    removed = []
    for folder in folders:
        for path in sorted(folder.glob(".*.new")):
            match = BESIDE.fullmatch(path.name)
            if match and path.is_file() and not path.is_symlink() and not _is_written(path, int(match["pid"])):
                path.unlink(missing_ok=True)
                removed.append(str(path))
    return removed


def _is_written(path: Path, pid: int) -> bool:
    """True if the process that began a file still runs; a younger process only reuses its number."""
    started = _started(pid)
    try:
        return started is not None and started <= path.stat().st_mtime + ROUNDED_SECONDS
    except FileNotFoundError:
        return False


def _started(pid: int) -> float | None:
    try:
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    # A dead one that nobody has asked for yet writes no more.
    return None if words[0] == "Z" else _booted() + int(words[19]) / os.sysconf("SC_CLK_TCK")


def _booted() -> float:
    lines = Path("/proc/stat").read_text().splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("btime "))
