"""Changes since the last backup: first by the files' stamps, which cost no read, then by their content.

A stamp alone is no change: a checkpoint of SQLite writes files anew and leaves every row as it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.copies import SECRETS, all_data, models_of, secrets_of
from deploy.agent.contract.backup_runs import seconds_of
from deploy.agent.data.trees import SIDE_FILES, walk
from deploy.agent.remembered import read_json, stamp
from deploy.agent.stack.backup_memory import read
from deploy.agent.stack.release import linked_release

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.contract.jobs import CopiedData

SHARED_MEMORY = "-shm"
"""Index of a database's log; a reader changes it too."""
LOG = "-wal"
"""Log of a database; a reader leaves an empty one, which is as good as none."""
COUNTED = ("path", "kind", "mode", "uid", "gid", "sha256", "target")
"""Parts of a copied file that are content; times are not."""


def is_due(root: Path, stamps: str, interval_seconds: int) -> bool:
    """Return True if the newest good backup is older than an interval, and a file was touched since."""
    known = read(root)
    good = known.get("good")
    # A clock that was set back makes a backup from the future: it counts as old.
    is_young = good is not None and 0 <= time.time() - seconds_of(good["ended"]) < interval_seconds
    return not is_young and known.get("stamps") != stamps


def stamps_of(root: Path, backup: Backup) -> str:
    """Return a digest of the files' stamps, without a read of any."""
    stamped = [list(_stamps(data)) for data in (*all_data(backup), secrets_of(root))]
    # A model that somebody makes on an engine touches no declared data.
    models = [models_of(backup)] if backup.get("weights") else []
    return _digest([linked_release(root, "current"), stamped, *models])


def content_of(root: Path, backup: Backup, copies: Path) -> str:
    """Return a digest of the copied content: the bytes, owners and modes of all files, and the release."""
    folders = [*(copies / "data" / data["service"] for data in all_data(backup)), copies / SECRETS]
    files = [(read_json(folder / "manifest.json") or {})["files"] for folder in folders]
    counted = [[{name: file.get(name) for name in COUNTED} for file in part] for part in files]
    models = (copies / "configs" / "models.json").read_text()
    return _digest([linked_release(root, "current"), models, counted])


def _stamps(data: CopiedData) -> Iterator[tuple[str, dict[str, int]]]:
    source, left_out = Path(data["host_path"]), data.get("left_out", [])
    paths = [path for item in data["items"] for path in item.values()]
    beside = [item["sqlite"] + suffix for item in data["items"] if "sqlite" in item for suffix in SIDE_FILES]
    for path in sorted({*paths, *beside}):
        if os.path.lexists(source / path):
            for inner in walk(source, path, lambda relpath: relpath.endswith(SHARED_MEMORY) or relpath in left_out):
                yield from _stamp(source, inner)


def _stamp(source: Path, relpath: str) -> Iterator[tuple[str, dict[str, int]]]:
    status = (source / relpath).lstat()
    rights = {"mode": status.st_mode, "uid": status.st_uid, "gid": status.st_gid}
    if stat.S_ISDIR(status.st_mode):
        # Its times change with SQLite's side files, and its files are stamped by themselves.
        yield relpath, rights
    elif status.st_size or not relpath.endswith(LOG):
        yield relpath, {**rights, **stamp(status)}


def _digest(document: Any) -> str:
    return hashlib.sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
