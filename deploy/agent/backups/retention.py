"""Retention: the removal of old snapshots, by `keep` in kit.yaml and by the age of those before a change.

restic's own rules count all snapshots alike, or each set of tags by itself. Neither is meant: a snapshot from before a
change takes no place of a daily one, and those of a former machine grow old like all others.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.damage import kept_in, lost, remember_kept
from deploy.agent.backups.listing import Listed, Listing
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import change_of, taken_at
from deploy.agent.contract.backup_runs import DAY, seconds_of
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import read, remember

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup

KEPT_DAYS, KEPT_NUMBER = 30, 10
"""A snapshot from before a change stays for so many days; this many of the newest stay whatever their age."""


def forget(
    root: Path, restic: Restic, backup: Backup, listing: Listing, *, prune: bool, before: set[str] | None
) -> None:
    """Remove old snapshots; raise AgentError, once, if one is gone that restic was not told to remove.

    `before` has the snapshots that were on disk as this run began, or None for a repository elsewhere. A further one
    is of a machine that backs up at the same time; not remembered, it makes the next run ask whose repository this is.
    """
    listed = listing.there()
    there = {str(each["id"]) for each in listed}
    gone = lost(root, restic.repository, there)
    kept = set(kept_of(listed, backup["keep"], time.time()))
    known = kept if before is None else kept & (before | kept_in(root, restic.repository))
    if not gone:
        # Ahead of the removal: a killed one must not look like a loss to the next run.
        remember_kept(root, restic.repository, known)
    if old := sorted(there - kept):
        # Ahead as well: one start of restic does both, and may be killed between them.
        remember(root, unpruned=True)
        restic.ask("forget", *old, *(["--prune"] if prune else []))
    elif prune and read(root).get("unpruned"):
        restic.ask("prune")
    if prune and read(root).get("unpruned"):
        remember(root, unpruned=False)
    remember_kept(root, restic.repository, known)
    if gone:
        raise AgentError(
            f"backups of {restic.repository} are gone: {'; '.join(gone)}",
            f"this backup was taken; `{Line('backup', 'verify')}` reads what is left",
        )


def kept_of(listed: list[Listed], keep: Mapping[str, int], now: float) -> Iterator[str]:
    """Yield the ids of the snapshots that stay."""
    # restic lists the oldest first, also of those of one second.
    newest_first = sorted(listed, key=taken_at)[::-1]
    plain = [each for each in newest_first if not change_of(each)]
    for name, count in keep.items():
        newest = _newest_of_each(plain, _PERIODS[name])
        # The oldest one stays while there is a place for it, as with restic 0.16 and newer.
        yield from (str(each["id"]) for each in (*newest, *plain[-1:])[:count])
    for number, each in enumerate(each for each in newest_first if change_of(each)):
        if number < KEPT_NUMBER or seconds_of(taken_at(each)) >= now - KEPT_DAYS * DAY:
            yield str(each["id"])


def _newest_of_each(newest_first: list[Listed], period: Callable[[Listed], object]) -> list[Listed]:
    """Return the newest snapshot of each period."""
    newest: dict[object, Listed] = {}
    for each in newest_first:
        newest.setdefault(period(each), each)
    return list(newest.values())


def _day(listed: Listed) -> date:
    # The day in the zone of the machine that took it, as restic counts.
    return date.fromisoformat(str(listed["time"])[:10])


_PERIODS: Mapping[str, Callable[[Listed], object]] = {
    "last": lambda each: str(each["id"]),
    "daily": _day,
    "weekly": lambda each: tuple(_day(each).isocalendar())[:2],
    "monthly": lambda each: (_day(each).year, _day(each).month),
}
