"""Carries phases out over the transport: what they bring to a host touches no file of the control node."""

from __future__ import annotations

from collections.abc import Callable

from deploy.apply.phases import Step
from deploy.apply.requests import Request
from deploy.apply.story import Event
from deploy.apply.words import step_words
from deploy.hosts.transport import Transport


def carry_out(
    step: Step, transport: Transport, request_of: Callable[[Step], Request], on_event: Callable[[Event], None]
) -> bool:
    """Carry out one step on one host; return whether it changed something."""
    words = step_words(step)
    on_event(Event(words, "start"))
    try:
        answer = transport.call(step.verb, request_of(step))
    except Exception:
        on_event(Event(words, "failed"))
        raise
    on_event(Event(words, "done"))
    return bool(answer["changed"])
