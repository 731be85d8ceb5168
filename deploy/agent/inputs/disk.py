"""Checks free disk space, required and available, before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from deploy.agent.errors import AgentError

MIB, GIB = 2**20, 2**30
SHOWN = GIB // 10
"""Smallest size that is shown in GiB."""
# What a file system needs besides to go on working.
MARGIN = GIB // 2
# A release's few files need none of it.
SMALL = GIB // 16
SPARE = GIB // 16
"""Bytes that stay free behind a copy of data, whatever its size."""


def with_margin(size: int) -> int:
    """Return the free bytes that writing `size` bytes requires: plan and agent use the same margin."""
    return size + MARGIN if size > SMALL else size


class Need(NamedTuple):
    """A folder, the bytes that its file system gets, and what they are for."""

    folder: Path
    size: int
    what: str


def ensure_room(needs: Iterable[Need], spare: int | None = None, then: str = "") -> None:
    """Raise AgentError if a file system lacks the room; needs on one file system are added up.

    Args:
        needs: what is to be written.
        spare: bytes that stay free, in place of those that plan and agent leave.
        then: words behind the advice to free some space.
    """
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(existing(need.folder).stat().st_dev, []).append(need)
    for together in by_device.values():
        there, size = existing(together[0].folder), sum(need.size for need in together)
        wanted, have = with_margin(size) if spare is None else size + spare, free_bytes(there)
        if wanted > have:
            whats = " and ".join(dict.fromkeys(need.what for need in together))
            raise AgentError(not_enough(there, whats, wanted, have), f"free {amount(wanted - have)} there{then}")


def not_enough(place: Path | str, what: str, wanted: int, have: int) -> str:
    """Return the failure of a disk that lacks room, in words; the smaller size shows as the smaller one."""
    needed, free = amount(wanted), amount(have) if have >= SHOWN else in_mib(have)
    if needed == free:
        needed, free = in_mib(wanted + MIB - 1), in_mib(have)
    return f"not enough disk at {place}: {needed} needed for {what}, {free} free"


def amount(size: int) -> str:
    """Return a size in words: in GiB, or in MiB where GiB would show as zero."""
    return f"{size / GIB:.1f} GiB" if size >= SHOWN else in_mib(size + MIB - 1)


def in_mib(size: int) -> str:
    """Return the whole MiB of a size in words."""
    return f"{size // MIB} MiB"


def free_bytes(path: Path) -> int:
    """Return the bytes that root can still write on a path's file system."""
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def existing(path: Path) -> Path:
    """Return the path, or its nearest existing parent folder."""
    while not path.exists():
        path = path.parent
    return path
