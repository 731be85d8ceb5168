"""A host's backups as its probe saw them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.backup_runs import daily_passed, troubles

if TYPE_CHECKING:
    from deploy.agent.contract.backup_runs import Run, SeenCheck, SeenDrill, SeenWatch
    from deploy.agent.contract.backup_runs import SeenBackups as Answer


@dataclass(frozen=True)
class SeenBackups:
    """A host's memory of its backups."""

    has_restic: bool = False
    repository: str = ""
    """Path of the repository that the last run used; empty before the first run."""
    runs: Mapping[str, Run] = field(default_factory=dict)
    """Trigger to its last run."""
    last: Run | None = None
    good: Run | None = None
    check: SeenCheck | None = None
    """Last check of the repository; None before the first."""
    drill: SeenDrill | None = None
    """Last drill; None before the first."""
    is_running: bool = False
    since: str = ""
    """Time from which on there should be backups; empty if unknown."""
    watch: SeenWatch | None = None
    """The job that looks for changes; None where the release has none, or nobody can tell when it ran."""
    drills_since: str = ""
    """Time from which on there should be weekly drills; empty where the release has none."""

    def troubles(self, now: datetime) -> list[str]:
        """Return the reasons why the backups are not as they should be."""
        return [words for _, words in troubles(cast("Answer", asdict(self)), now.timestamp())]

    @property
    def daily(self) -> str:
        """Time of the last good daily run, or of one by hand; empty before the first."""
        return daily_passed(self.runs)


def age(moment: str, now: datetime) -> int:
    """Return the seconds since a moment as backups write it."""
    taken = datetime.strptime(moment, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return int((now - taken).total_seconds())
