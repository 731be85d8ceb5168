"""Proof that a repository has a snapshot, whole and with every file that restic was given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from deploy.agent.backups.copies import PARTS
from deploy.agent.backups.files import is_whole, snapshots_on_disk
from deploy.agent.backups.restic import Restic
from deploy.agent.errors import AgentError


def number_of_files(folder: Path) -> int:
    """Return the number of files in all parts of the copies; restic counts no folders and no links."""
    return sum(_number(str(folder / part)) for part in PARTS)


def proven(restic: Restic, folder: Path, summary: dict[str, Any], given: int) -> str:
    """Return the full id of a snapshot that the repository has with everything that it was given."""
    short, on_disk = str(summary["snapshot_id"]), snapshots_on_disk(restic.repository)
    snapshot = _asked(restic, folder, short) if on_disk is None else _whole(restic.repository, on_disk, short)
    # A field with the default value may be left out.
    if not snapshot or int(summary.get("total_files_processed", 0)) != given:
        raise AgentError(f"the repository lacks a part of the snapshot {short}", "run the backup again")
    return snapshot


def _whole(repository: str, on_disk: set[str], short: str) -> str:
    ids = [each for each in on_disk if each.startswith(short)]
    return ids[0] if len(ids) == 1 and is_whole(repository, ids[0]) else ""


def _asked(restic: Restic, folder: Path, short: str) -> str:
    (listed,) = restic.ask("snapshots", short).listed or [{}]
    has_all = sorted(listed.get("paths", [])) == sorted(str(folder / part) for part in PARTS)
    return str(listed["id"]) if has_all else ""


def _number(folder: str) -> int:
    with os.scandir(folder) as entries:
        return sum(
            _number(entry.path) if entry.is_dir(follow_symlinks=False) else entry.is_file(follow_symlinks=False)
            for entry in entries
        )
