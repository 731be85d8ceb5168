"""Carries phases out over the transport: what they bring to a host touches no file of the control node."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import Verb
from deploy.apply.asked import Request
from deploy.apply.phases import Step
from deploy.apply.story import Event
from deploy.apply.words import step_words
from deploy.errors import KitError
from deploy.hosts.transport import Transport

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed


def carry_out(
    step: Step, transport: Transport, request_of: Callable[[Step], Request], on_event: Callable[[Event], None]
) -> bool:
    """Carry out one step on one host; return whether it changed something."""
    words = step_words(step)
    on_event(Event(words, "start"))
    try:
        answer = _asked(step, transport, request_of(step))
    except Exception:
        on_event(Event(words, "failed"))
        raise
    on_event(Event(words, "done"))
    return answer["changed"]


def _asked(step: Step, transport: Transport, request: Request) -> Changed:
    verb: Verb[Request, Changed] = Verb(step.verb)
    if step.role != "file":
        return transport.call(verb, request)
    (model,) = request["models"]
    path = Path(model["source"]["file"]["path"])
    try:
        stream = path.open("rb")
    except OSError as problem:
        said = f"model {model['name']}: {path} cannot be read here: {problem.strerror}"
        raise KitError(said, "mend `from: {file: ...}` in kit.yaml, or bring the file") from None
    with stream:
        return transport.send(verb, request, stream)
