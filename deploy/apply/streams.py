"""Carries phases out over the transport: secrets touch no file of the control node, model files no second one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import Verb
from deploy.apply.asked import Request
from deploy.apply.phases import Step
from deploy.apply.story import Event
from deploy.apply.words import step_words
from deploy.hosts.transport import Opened, Transport

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed


def carry_out(
    step: Step,
    transport: Transport,
    request_of: Callable[[Step], Request],
    opened: Opened,
    on_event: Callable[[Event], None],
) -> bool:
    """Carry out one step on one host; return whether it changed something."""
    words = step_words(step)
    on_event(Event(words, "start"))
    try:
        answer = _asked(step, transport, request_of(step), opened)
    except Exception:
        on_event(Event(words, "failed"))
        raise
    on_event(Event(words, "done"))
    return answer["changed"]


def _asked(step: Step, transport: Transport, request: Request, opened: Opened) -> Changed:
    verb: Verb[Request, Changed] = Verb(step.verb)
    return transport.call(verb, request) if step.role == "agent" else transport.send(verb, request, opened)
