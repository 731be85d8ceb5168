"""A host's backups as its probe saw them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Run, SeenCheck, SeenDrill

DAY = 24 * 3600
AHEAD = 3600
"""Seconds that the clocks of two machines may differ."""
OVERDUE = 2
"""A backup that is older than so many of its intervals is too old."""


@dataclass(frozen=True)
class SeenBackups:
    """A host's memory of its backups."""

    has_restic: bool = False
    repository: str = ""
    """Path of the repository that the last run used; empty before the first run."""
    last: Run | None = None
    good: Run | None = None
    check: SeenCheck | None = None
    """Last check of the repository; None before the first."""
    drill: SeenDrill | None = None
    """Last drill; None before the first."""
    is_running: bool = False
    since: str = ""
    """Time from which on there should be backups; empty if unknown."""

    def trouble(self, now: datetime) -> str:
        """Return the reason why the backups are not as they should be; empty if they are."""
        if self.last is not None and not self.is_running and (failed := _failure(self.last)):
            return f"the last backup failed: {failed}"
        if self.check is not None and self.check["problems"]:
            return f"the repository is broken: {'; '.join(self.check['problems'])}"
        if self.drill is not None and self.drill["problem"]:
            return f"the last drill failed: {self.drill['problem']}"
        newest = self.good["ended"] if self.good else self.since
        if newest and age(newest, now) < -AHEAD:
            return f"a clock is wrong, or was: {newest} is still to come"
        if newest and age(newest, now) > OVERDUE * DAY:
            days = age(newest, now) // DAY
            return f"the newest backup is {days} days old" if self.good else f"there is no backup since {days} days"
        return ""


def _failure(run: Run) -> str:
    return run.get("problem", "") if "ended" in run else "it was interrupted"


def age(moment: str, now: datetime) -> int:
    """Return the seconds since a moment as backups write it."""
    taken = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int((now - taken).total_seconds())
