"""The result of verify, check by check."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

Outcome = Literal["passed", "failed", "skipped"]
STACK = "stack"


@dataclass(frozen=True)
class Check:
    """One check's result."""

    name: str
    service: str
    """The service that was asked; `stack` for a check of all services."""
    outcome: Outcome
    seconds: float
    message: str = ""
    """The reason of a failed or skipped check, or the figures of a passed one."""


@dataclass(frozen=True)
class Report:
    """Every check of one run, in the order in which they were made."""

    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """True if there was a check and none failed."""
        return bool(self.checks) and not self.failures

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if check.outcome == "failed")

    def causes(self, outcome: Outcome) -> dict[str, tuple[Check, ...]]:
        """Return the checks with an outcome by their message: many checks may have one cause."""
        causes: dict[str, tuple[Check, ...]] = {}
        for check in self.checks:
            if check.outcome == outcome:
                causes[check.message] = (*causes.get(check.message, ()), check)
        return causes

    def failures_text(self) -> str:
        """Return the failures, a line for each cause."""
        return "\n".join(f"{named(checks)}: {message}" for message, checks in self.causes("failed").items())

    def summary(self) -> str:
        """Return the numbers of passed, failed and skipped checks."""
        counts = {outcome: sum(check.outcome == outcome for check in self.checks) for outcome in _OUTCOMES}
        return ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count) or "nothing was checked"

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return {"passed": self.passed, "checks": [asdict(check) for check in self.checks]}


def named(checks: tuple[Check, ...]) -> str:
    """Name the checks of one cause: a few by their names, many by their number and services."""
    if len(checks) == 1:
        return f"{checks[0].service}: {checks[0].name}"
    services = tuple(dict.fromkeys(check.service for check in checks))
    if len(services) == 1 and len(checks) <= _NAMED:
        return f"{services[0]}: {'; '.join(check.name for check in checks)}"
    told = f"{', '.join(services[:-1])} and {services[-1]}" if len(services) > 1 else services[0]
    return f"{len(checks)} checks of {told}"


_NAMED = 4
"""Most checks with one cause that are named in its line; a table names the others."""
_OUTCOMES: tuple[Outcome, ...] = ("passed", "failed", "skipped")
