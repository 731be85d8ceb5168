"""Progress of a run, event by event; a progress display consumes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.stack import HERE

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import JournalLine, StepState


@dataclass(frozen=True)
class Event:
    """One line of a step's story."""

    step: str
    state: StepState
    text: str = ""
    done: int | None = None
    total: int | None = None
    """Total of `done`, in bytes; None if unknown."""
    phase: str = ""
    """Phase of the apply in which the step runs; empty outside of phases."""
    host: str = field(kw_only=True)
    """Host of the step; empty for a step of the control node."""

    @property
    def label(self) -> str:
        """The step after its phase, and after its host unless that is this machine."""
        host = "" if self.host == HERE else self.host
        phase = "" if self.phase == self.step else self.phase
        return ": ".join(filter(None, (host, phase, self.step)))


def from_journal(line: JournalLine, host: str) -> Event:
    """Read one line of the journal of a host's agent."""
    return Event(line["step"], line["state"], line.get("text", ""), line.get("done"), line.get("total"), host=host)
