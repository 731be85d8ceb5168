"""What a run tells while it goes on; a progress display consumes it."""

from __future__ import annotations

from dataclasses import dataclass
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
    """Of `done`, in bytes; None where nobody knows."""
    host: str = HERE
    phase: str = ""
    """Phase of the apply in which the step runs; empty outside of phases."""

    @property
    def label(self) -> str:
        """The step behind its phase, and behind its host where that is not this machine."""
        host = "" if self.host == HERE else self.host
        phase = "" if self.phase == self.step else self.phase
        return ": ".join(filter(None, (host, phase, self.step)))


def from_journal(line: JournalLine) -> Event:
    """Read one line of the agent's journal."""
    return Event(line["step"], line["state"], line.get("text", ""), line.get("done"), line.get("total"))
