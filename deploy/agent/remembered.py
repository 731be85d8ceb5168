"""JSON files in `<root>/run/` that the agent remembers state in, always written completely or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.agent.errors import naming
from deploy.agent.leftovers import beside


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None if it is missing or unreadable."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Remember a JSON object."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_file(path, json.dumps(document, sort_keys=True, indent=1).encode() + b"\n", 0o644)


def write_file(path: Path, content: bytes, mode: int, uid: int = -1, gid: int = -1) -> None:
    """Write a file beside its place and to the disk, then rename it there."""
    written = beside(path)
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with naming(path), os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            os.fchown(stream.fileno(), uid, gid)
            os.fchmod(stream.fileno(), mode)
            stream.flush()
            os.fsync(stream.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def append_line(path: Path, document: Mapping[str, object], *, flushed: bool = False) -> None:
    """Append a line of JSON in one write, so that lines of threads and processes never mix."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        with naming(path):
            os.write(descriptor, json.dumps(document).encode() + b"\n")
            if flushed:
                os.fsync(descriptor)
    finally:
        os.close(descriptor)


def stamp(status: os.stat_result) -> dict[str, int]:
    """Return the attributes that change whenever a file's bytes change.

    Anyone can reset size and mtime, and copying tools do; nobody can set ctime. A replaced file has another inode.
    """
    return {
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "ctime_ns": status.st_ctime_ns,
        "inode": status.st_ino,
    }


def sync_folder(path: Path) -> None:
    """Flush a folder's own entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with naming(path):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
