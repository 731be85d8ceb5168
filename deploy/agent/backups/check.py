"""Operation `check_backups`: restic checks its repository, with a read of the data or of a share of it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.damage import key_damage, lost
from deploy.agent.backups.files import snapshots_on_disk
from deploy.agent.backups.restic import LOCKED, NO_LOCK, NO_REPOSITORY, WRONG_KEY, Restic, Said
from deploy.agent.backups.snapshots import snapshots_in
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.contract.backup_runs import seconds_of
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import backing_up, now, read, remember

if TYPE_CHECKING:
    from deploy.agent.contract.backups import CheckAnswer, CheckRequest

WEEK = 7 * 24 * 3600
SHARES = 10
"""A weekly check reads one of so many shares of the data, each week another one."""
MOST_PROBLEMS = 10
_NOISE = ("Load(", "The repository ", "restic repair", "Fatal: repository contains errors", "download error")
"""Beginnings of lines that repeat a problem, or that advise a person who has no kit."""


def run(request: CheckRequest, journal: Journal) -> CheckAnswer:
    """Check the repository and read all of its data, or the share that is asked for."""
    root = Path(request["root"])
    backup = released_backup(root)
    with backing_up(root) as lock, journal.step("check of the repository"):
        restic = restic_of(root, backup, lock)
        # A repository that nothing opens is for the check to name.
        restic.run("unlock")
        problems = check(root, restic, request.get("share") or "1/1")
    return {"changed": False, "repository": backup["repository"], "problems": problems}


def check(root: Path, restic: Restic, share: str) -> list[str]:
    """Return what is broken in the repository, each with the name of its file, and remember the result."""
    said = restic.run("check", f"--read-data-subset={share}")
    broken = key_damage(Path(restic.repository))
    is_unread = said.kind in (NO_REPOSITORY, LOCKED, WRONG_KEY) or (said.status and NO_LOCK in said.complaints)
    if is_unread and not broken:
        raise restic.failure("check", said)
    problems = [*broken, *problems_of(said)] or _gone(root, restic)
    remember(root, check={"ended": now(), "problems": problems})
    return problems


def _gone(root: Path, restic: Restic) -> list[str]:
    """Return the snapshots that are missing in a repository whose other files are whole."""
    on_disk = snapshots_on_disk(restic.repository)
    return lost(root, restic.repository, snapshots_in(restic) if on_disk is None else on_disk)


def check_weekly(root: Path, restic: Restic) -> None:
    """Check the repository if the last good check is older than a week; raise AgentError if it is broken."""
    known = read(root).get("check")
    # A check from the future, of a clock that was set back, counts as old.
    if known and not known["problems"] and 0 <= time.time() - seconds_of(known["ended"]) < WEEK:
        return
    week = int(time.time() // WEEK)
    problems = check(root, restic, f"{week % SHARES + 1}/{SHARES}") if known else check(root, restic, f"1/{SHARES}")
    if problems:
        raise AgentError(
            f"the repository {restic.repository} is broken: {'; '.join(problems)}",
            f"`{Line('backup', 'verify')}` reads all of it; a backup in another `repository` begins anew",
        )


def problems_of(said: Said) -> list[str]:
    """Return the problems in a check's output; a check that did not end well has at least one."""
    if said.status == 0 and not said.complaints:
        return []
    lines = [line.strip() for part in said.complaints.split("; ") for line in part.splitlines()]
    told = [line.removeprefix("error: ") for line in lines if line and not line.startswith(_NOISE)]
    return list(dict.fromkeys(told))[:MOST_PROBLEMS] or [said.complaints or f"restic ended with {said.status}"]
