"""The snapshots of a stack as restic listed them before a backup, with the one that the backup added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from deploy.agent.backups.files import snapshots_on_disk
from deploy.agent.backups.restic import Restic

Listed = dict[str, Any]
"""A snapshot as restic lists it."""


class Listing:
    """The snapshots of a stack; restic is asked for them once, and not at all in a repository without any."""

    def __init__(self, restic: Restic, stack: str) -> None:
        self._restic = restic
        self._stack = stack
        self._listed: list[Listed] | None = None

    def ask(self, restic: Restic | None = None) -> list[Listed]:
        """Return the snapshots, the oldest first, also those of one second."""
        if self._listed is None:
            asked = restic or self._restic
            # Reading takes no lock.
            words = ("snapshots", "--no-lock", "--host", self._stack, "--tag", "kit")
            self._listed = [] if snapshots_on_disk(asked.repository) == set() else asked.ask(*words).listed
        return self._listed

    def add(self, snapshot: str, tags: list[str]) -> None:
        """Add the snapshot that was taken now; without a list from before, restic will list it with the others."""
        if self._listed is not None:
            moment = datetime.now().astimezone().isoformat(timespec="seconds")
            self._listed = [*self._listed, {"id": snapshot, "time": moment, "tags": tags}]

    def there(self) -> list[Listed]:
        """Return the snapshots whose files are on disk now; those of a repository elsewhere as restic listed them."""
        listed, on_disk = self.ask(), snapshots_on_disk(self._restic.repository)
        return [each for each in listed if on_disk is None or str(each["id"]) in on_disk]
