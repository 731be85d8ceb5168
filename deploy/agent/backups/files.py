"""Files of a repository on a disk of this host, read without restic: each start of it derives the key anew.

restic names each file but the configuration by the sha256 of its content, so a name proves a whole file.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from deploy.agent.backups.sftp import is_remote

_ID = re.compile(r"[0-9a-f]{64}")
"""Name of a file that is written to its end."""


def snapshots_on_disk(repository: str) -> set[str] | None:
    """Return the ids of all snapshots in a repository; None for one on another machine."""
    return None if is_remote(repository) else _names(Path(repository) / "snapshots")


def is_whole(repository: str, snapshot: str) -> bool:
    """Return True if a snapshot's file has the content that it is named by."""
    content = (Path(repository) / "snapshots" / snapshot).read_bytes()
    return hashlib.sha256(content).hexdigest() == snapshot


def has_locks(repository: str) -> bool:
    """Return True if a restic that works, or one that was killed, left its lock; False for another machine's."""
    return not is_remote(repository) and bool(_names(Path(repository) / "locks"))


def is_read_only(repository: str) -> bool:
    """Return True if a repository lies on a file system that takes no write, as the kernel leaves a failing disk."""
    if is_remote(repository) or not Path(repository).exists():
        return False
    return bool(os.statvfs(repository).f_flag & os.ST_RDONLY)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if _ID.fullmatch(path.name)} if folder.is_dir() else set()
