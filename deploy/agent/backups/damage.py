"""Damage of a repository that restic names wrongly, or not at all: broken keys, and snapshots that are gone."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deploy.agent.stack.backup_memory import read, remember


def key_damage(repository: Path) -> list[str]:
    """Return what is broken of the files that open a repository on a local path.

    restic tells of a broken key as of a wrong one. It names each key by the sha256 of its content.
    """
    folder = repository / "keys"
    keys = sorted(folder.iterdir()) if folder.is_dir() else []
    if not keys:
        return ["keys is empty"] if (repository / "config").exists() else []
    if not (repository / "config").exists():
        return ["config is missing"]
    return [f"keys/{key.name} is damaged" for key in keys if hashlib.sha256(key.read_bytes()).hexdigest() != key.name]


def remember_kept(root: Path, repository: str, kept: set[str]) -> None:
    """Remember the snapshots that a repository has: restic misses none whose file is gone."""
    remember(root, kept={"repository": repository, "snapshots": sorted(kept)})


def kept_in(root: Path, repository: str) -> set[str]:
    """Return the remembered snapshots of a repository."""
    known = read(root).get("kept") or {}
    return set(known["snapshots"]) if known.get("repository") == repository else set()


def lost(root: Path, repository: str, there: set[str]) -> list[str]:
    """Return the remembered snapshots that a repository no longer has, each by the name of its file."""
    return [f"snapshots/{snapshot} is missing" for snapshot in sorted(kept_in(root, repository) - there)]
