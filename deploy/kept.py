"""Files of this user's cache: read only where nobody else could have written them, and written whole or not at all."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
from pathlib import Path
from typing import Any, BinaryIO

from deploy.agent.remembered import write_file


def kept_folder(name: str) -> Path:
    """Return a folder of the cache; FileNotFoundError for a user without a home."""
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        raise FileNotFoundError("this user has no home folder") from None
    return Path(base, "kit", name)


def content_of(path: str) -> bytes:
    """Return the bytes of a file that only this user can write."""
    with opened(path) as stream:
        status = os.fstat(stream.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise OSError(f"{path} can be written by another user")
        return stream.read()


def sha256_of(path: str) -> str:
    """Return the sha256 of a regular file."""
    with opened(path) as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def opened(path: str) -> BinaryIO:
    """Open a regular file."""
    # Opened without waiting, as a pipe that nobody writes to would make it wait.
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(f"{path} is not a regular file")
    return stream


def keep(path: Path, content: bytes, most: int) -> None:
    """Write a file, and remove the oldest files of its folder beyond so many."""
    # Where nothing can be written nothing is kept.
    with contextlib.suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, content, 0o600)
        for old in sorted(path.parent.iterdir(), key=lambda each: each.stat().st_mtime, reverse=True)[most:]:
            old.unlink()


def remembered(folder: str, key: str) -> dict[str, Any]:
    """Return a small document of the cache; empty if nothing was kept under this key."""
    try:
        document = json.loads(content_of(str(kept_folder(folder) / f"{key}.json")))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def remember(folder: str, key: str, document: dict[str, Any], most: int) -> None:
    """Keep a small document."""
    with contextlib.suppress(OSError):
        keep(kept_folder(folder) / f"{key}.json", json.dumps(document).encode(), most)
