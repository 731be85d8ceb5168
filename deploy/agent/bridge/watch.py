"""Operation `watch_bridge`: prints each change in a service's shared folders, until its asker leaves.

The standard library has no inotify, and inotify sees no change that another machine makes on a network drive. A look
at ten thousand files takes some 50 ms.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data.trees import OURS, SIDE_FILES
from deploy.agent.journal import Journal
from deploy.agent.releases.decided import released_service

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import Watched, WatchedChange, WatchRequest

Seen = dict[str, tuple[int, int]]
"""Time of the last change and size of each file, by its path."""


def run(request: WatchRequest, _journal: Journal) -> None:
    """Print a line for each changed file."""
    service = released_service(Path(request["root"]), request["service"])
    folders = [mount["host_path"] for mount in service["mounts"]]
    before = look(folders)
    while True:
        time.sleep(request["interval_seconds"])
        now = look(folders)
        for change in changes(before, now):
            print(json.dumps(change), flush=True)
        before = now


def look(folders: list[str]) -> Seen:
    """Return the state of every file; a database's log counts as the database."""
    seen: Seen = {}
    for folder in folders:
        for above, below, files in os.walk(folder):
            below[:] = [name for name in below if not name.startswith(OURS)]
            for name in files:
                path = f"{above}/{name}"
                try:
                    status = os.lstat(path)
                except FileNotFoundError:
                    continue
                _count(seen, path, status)
    return seen


def _count(seen: Seen, path: str, status: os.stat_result) -> None:
    database = next((path[: -len(side)] for side in SIDE_FILES if path.endswith(side)), path)
    changed, size = seen.get(database, (0, 0))
    own = status.st_size if database == path else size
    seen[database] = (max(changed, status.st_mtime_ns), own)


def changes(before: Seen, now: Seen) -> Iterator[Watched]:
    """Yield each difference between two looks, by path."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) == now.get(path):
            continue
        change: WatchedChange = "new" if path not in before else "changed" if path in now else "removed"
        yield {"time": moment, "change": change, "path": path, "bytes": now.get(path, (0, 0))[1]}
