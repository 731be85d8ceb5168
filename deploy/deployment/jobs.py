"""Jobs: what a host does by itself on a schedule, without a control node."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.agent.contract.jobs import JobWork


@dataclass(frozen=True)
class Schedule:
    """Moments at which a job runs; systemd makes up for a daily one that passed while the host was off."""

    daily_at: str | None = None
    """Time of day in the host's own zone, HH:MM."""
    sundays_at: str | None = None
    """Time of day on Sundays in the host's own zone, HH:MM."""
    after_boot_seconds: int | None = None
    """Pause between a boot and a run."""
    every_seconds: int | None = None
    """Pause between two runs."""

    def __post_init__(self) -> None:
        if all(moment is None for moment in vars(self).values()):
            raise ValueError("a schedule without a moment never runs")


@dataclass(frozen=True)
class Job:
    """One verb of the agent with its request, on a schedule."""

    name: str
    """Part of the names of its units, unique on a host: a to z, 0 to 9, '-'."""
    purpose: str
    """Shown by `systemctl status`."""
    verb: str
    schedule: Schedule
    request: JobWork
    patience_seconds: int = 600
    """Wait for the hold while an apply or another job has it."""
