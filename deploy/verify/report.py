"""What verify saw, check by check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

FORMAT = 1
Outcome = Literal["passed", "failed", "skipped"]
STACK = "stack"


@dataclass(frozen=True)
class Check:
    """One check's result."""

    name: str
    service: str
    """The service that was asked; `stack` where it is about all of them."""
    outcome: Outcome
    seconds: float
    message: str = ""
    """Why it failed or was left out."""


@dataclass(frozen=True)
class Report:
    """Every check of one run, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether something was checked and nothing failed."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    def failures_text(self) -> str:
        """Say what failed, a line each."""
        return "\n".join(f"{check.service}: {check.name}: {check.message}" for check in self.failures)

    def text(self) -> str:
        """Print the report as a table."""
        services = max((len(check.service) for check in self.checks), default=0)
        names = max((len(check.name) for check in self.checks), default=0)
        lines = [
            f"{one.service:<{services}}  {one.name:<{names}}  {one.outcome:<7}  {one.seconds:>5.1f} s  {one.message}"
            for one in self.checks
        ]
        return "\n".join([*(line.rstrip() for line in lines), self.summary()]) + "\n"

    def summary(self) -> str:
        """Say how many checks passed, failed and were left out."""
        counts = {outcome: sum(check.outcome == outcome for check in self.checks) for outcome in _OUTCOMES}
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "nothing was checked"

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"format": FORMAT, "passed": self.passed, "checks": [asdict(check) for check in self.checks]}


_OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped")
