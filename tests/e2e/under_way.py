"""What of a model is on its way: parts of a file in an engine, ranges that are asked of a library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from docker.models.containers import Container

from tests.doubles.registry.models import ModelRegistry
from tests.e2e.workstation import Workstation

MIB = 2**20


@contextmanager
def slow(container: Container) -> Iterator[None]:
    """Let a container have little of the processor, so that what it does can be met half-way."""
    container.update(cpu_period=100_000, cpu_quota=10_000)
    try:
        yield
    finally:
        container.update(cpu_period=100_000, cpu_quota=-1)


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
