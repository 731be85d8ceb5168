"""Transfers of a model in progress: parts of a file in an engine, ranges that a library is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from docker.models.containers import Container

from tests.doubles.registry.models import ModelRegistry
from tests.e2e.workstation import Workstation

MIB = 2**20
CGROUPS = Path("/sys/fs/cgroup")


@contextmanager
def slow(container: Container) -> Iterator[None]:
    """Let a container have little of the processor, so that what it does can be met half-way.

    The kernel is told and Docker is not: the plan mends what `docker update` changed.
    """
    file, little, all_of_it = quota(container)
    file.write_text(little)
    try:
        yield
    finally:
        # A container that ended took its group with it.
        with suppress(OSError):
            file.write_text(all_of_it)


def quota(container: Container) -> tuple[Path, str, str]:
    """Return the kernel's file of a container's share of the processor, and what says a tenth and all of it."""
    container.reload()
    lines = Path("/proc", str(container.attrs["State"]["Pid"]), "cgroup").read_text().splitlines()
    groups = {
        name: path.lstrip("/") for _, names, path in (line.split(":", 2) for line in lines) for name in names.split(",")
    }
    if "cpu" in groups:
        return CGROUPS / "cpu" / groups["cpu"] / "cpu.cfs_quota_us", "10000", "-1"
    return CGROUPS / groups[""] / "cpu.max", "10000 100000", "max 100000"


def arriving(workstation: Workstation) -> set[Path]:
    """Return files that have no digest for a name yet; an engine keeps those of a crash for an hour."""
    return {path for path in workstation.blobs.iterdir() if len(path.name) < len("sha256-") + 64}


def arrived(workstation: Workstation, left: set[Path]) -> int:
    """Return how much of a file has arrived, besides what earlier ones have left."""
    return max(map(size_of, arriving(workstation) - left), default=0)


def size_of(path: Path) -> int:
    """Return a file's size; one that has just got its name is none of those that arrive."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def ranges(library: ModelRegistry) -> list[tuple[int, int]]:
    """Return the first and the last byte of each asked range of the large file."""
    asked = (re.search(r" bytes=(\d+)-(\d{6,})$", line) for line in library.seen)
    return [(int(found[1]), int(found[2])) for found in asked if found]
