"""Carries phases out over the transport: secrets touch no file of the control node, model files no second one."""

from __future__ import annotations

from collections.abc import Callable

from deploy.apply.files import opener
from deploy.apply.members import Member
from deploy.apply.phases import RoleStep, Step
from deploy.apply.requests.table import question
from deploy.apply.story import Event
from deploy.apply.words import step_words


def carry_out(step: Step, member: Member, run: str, on_event: Callable[[Event], None]) -> bool:
    """Carry out one step on one host; return whether it changed something."""
    if isinstance(step, RoleStep):
        raise TypeError(f"the role {step.role} is no stream")
    words, host = step_words(step), member.share.host
    on_event(Event(words, "start", host=host))
    try:
        opened = opener(member.share.deployment, member.share.path.parent)
        answer = question(step, member, run).ask(member.transport, opened)
    except Exception:
        on_event(Event(words, "failed", host=host))
        raise
    on_event(Event(words, "done", host=host))
    return answer["changed"]
