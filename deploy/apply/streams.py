"""Executes phases over the transport: a secret is in no file of the control node, a model file in no second one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from deploy.apply.event import Event
from deploy.apply.image_stream import Taker, transfer
from deploy.apply.lending import borrow
from deploy.apply.phases.phase import BorrowStep, RoleStep, Step, TransferStep
from deploy.apply.prepared.files import opener
from deploy.apply.prepared.members import Member
from deploy.apply.requests.table import question
from deploy.apply.words import step_words
from deploy.hosts.wire.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed

OnEvent = Callable[[Event], None]


def carry_out(step: Step, member: Member, run: str, on_event: OnEvent, hosts: Mapping[str, Transport]) -> bool:
    """Carry out one step on one host; return whether it changed something.

    Args:
        step: The step.
        member: The host.
        run: Id of the run that holds the host.
        on_event: Told of the step's beginning and end.
        hosts: All hosts of the stack, of which another one may have an image or a secret.
    """
    words, host = step_words(step), member.share.host
    on_event(Event(words, "start", host=host))
    try:
        answer = _answer(step, member, run, lambda text: on_event(Event(words, "progress", text, host=host)), hosts)
    except Exception:
        on_event(Event(words, "failed", host=host))
        raise
    on_event(Event(words, "done", host=host))
    return answer["changed"]


def _answer(
    step: Step, member: Member, run: str, tell: Callable[[str], None], hosts: Mapping[str, Transport]
) -> Changed:
    match step:
        case RoleStep():
            raise TypeError(f"the role {step.role} is no stream")
        case BorrowStep():
            return borrow(member, run, hosts)
        case TransferStep():
            return transfer(step, hosts[step.giver], Taker(member.share.deployment, member.transport), run, tell)
        case _:
            opened = opener(member.share.deployment, member.share.path.parent)
            return question(step, member, run).ask(member.transport, opened)
