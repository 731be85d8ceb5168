"""Events of an apply with the phase that goes on, from the hosts' agents and from playbooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy.apply.event import Event
from deploy.apply.roles.task_events import TaskEvent
from deploy.apply.words import task_words

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StepState


@dataclass
class Story:
    """The events of an apply."""

    on_event: Callable[[Event], None]
    phase: str = ""

    def begin(self, phase: str) -> None:
        """Note that a phase begins."""
        self.phase = phase

    def tell(self, event: Event) -> None:
        """Tell an event of the phase that goes on."""
        self.on_event(replace(event, phase=self.phase))

    def tell_task(self, event: TaskEvent) -> None:
        """Tell an event of a playbook."""
        states: dict[str, StepState] = {"started": "start", "failed": "failed", "unreachable": "failed"}
        self.tell(Event(task_words(event), states.get(event.state, "done"), host=event.host))
