"""Checks free disk space: required and available, in GiB, before anything starts."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from deploy.agent.errors import AgentError

GIB = 2**30
# What a file system needs besides to go on working.
MARGIN = GIB // 2
# A release's few files need none of it.
SMALL = GIB // 16


def with_margin(size: int) -> int:
    """Return the free bytes that writing `size` bytes requires: plan and agent use the same margin."""
    return size + MARGIN if size > SMALL else size


def ensure_room(needs: Iterable[tuple[Path, int, str]]) -> None:
    """Raise if a file system lacks the room; needs on one file system are added up."""
    wanted: dict[int, tuple[Path, int, list[str]]] = {}
    for path, size, purpose in needs:
        there = existing(path)
        device = there.stat().st_dev
        first, sum_of, purposes = wanted.get(device, (there, 0, []))
        wanted[device] = (first, sum_of + size, [*purposes, purpose])
    for there, size, purposes in wanted.values():
        have = free_bytes(there)
        if with_margin(size) > have:
            what, need = " and ".join(dict.fromkeys(purposes)), with_margin(size)
            raise AgentError(
                f"not enough disk at {there}: {what} need {amount(need)}, {amount(have)} are free",
                f"free {amount(need - have)} there",
            )


def amount(size: int) -> str:
    """Return a size in words: in GiB, or in MiB where GiB would show as zero."""
    return f"{size / GIB:.1f} GiB" if size >= GIB // 10 else f"{-(-size // 2**20)} MiB"


def free_bytes(path: Path) -> int:
    """Return the bytes that root can still write on a path's file system."""
    state = os.statvfs(path)
    return state.f_bavail * state.f_frsize


def existing(path: Path) -> Path:
    """Return the path, or its nearest existing parent folder."""
    while not path.exists():
        path = path.parent
    return path
