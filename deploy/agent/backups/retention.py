"""Retention: the removal of old snapshots, by `keep` in kit.yaml and by the age of those before a change."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from deploy.agent.backups.damage import lost, remember_kept
from deploy.agent.backups.restic import Restic, Said
from deploy.agent.backups.snapshots import BEFORE, change_of, taken_at
from deploy.agent.contract.backup_runs import DAY, Before, seconds_of
from deploy.agent.errors import AgentError
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup

KEPT_DAYS, KEPT_NUMBER = 30, 10
"""A snapshot from before a change stays for so many days; this many of the newest stay whatever their age."""


def forget(root: Path, restic: Restic, backup: Backup, *, prune: bool) -> None:
    """Remove old snapshots; raise AgentError, once, if one is gone that restic was not told to remove."""
    pruned = ("--prune",) if prune else ()
    kept, removed = _by_keep(restic, backup, pruned)
    gone = lost(root, restic.repository, {str(each["id"]) for each in (*kept, *removed)})
    old = _old_changes(kept)
    if old:
        restic.ask("forget", *old, *pruned)
    remember_kept(root, restic.repository, {str(each["id"]) for each in kept}.difference(old))
    if gone:
        raise AgentError(
            f"backups of {restic.repository} are gone: {'; '.join(gone)}",
            f"this backup was taken; `{Line('backup', 'verify')}` reads what is left",
        )


def _by_keep(restic: Restic, backup: Backup, pruned: tuple[str, ...]) -> tuple[list[dict[str, Any]], ...]:
    """Remove what `keep` does not name; return the snapshots that stay, and the others.

    Snapshots from before a change are a group of their own: they take no place of the daily ones, and all of them stay.
    """
    keep = [word for name, count in sorted(backup["keep"].items()) if count for word in (f"--keep-{name}", str(count))]
    changes = [word for change in get_args(Before) for word in ("--keep-tag", f"{BEFORE}{change}")]
    which = ("--host", backup["stack"], "--tag", "kit", "--group-by", "host,tags")
    said = restic.ask("forget", *which, *keep, *changes, *pruned)
    # Plain words of the removal follow the list.
    groups = Said(said.status, said.lines[:1], said.complaints).listed
    return tuple([each for group in groups for each in group.get(name) or []] for name in ("keep", "remove"))


def _old_changes(kept: list[dict[str, Any]]) -> list[str]:
    """Return the snapshots from before a change that are neither young nor among the newest of their kind."""
    changes = sorted(((taken_at(each), str(each["id"])) for each in kept if change_of(each)), reverse=True)
    limit = time.time() - KEPT_DAYS * DAY
    return [snapshot for taken, snapshot in changes[KEPT_NUMBER:] if seconds_of(taken) < limit]
