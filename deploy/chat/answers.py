"""A conversation's next answer, piece by piece, in the API's protocol."""

from __future__ import annotations

import json
from collections.abc import Generator
from functools import partial
from typing import Any

from deploy.chat.doors import Door
from deploy.chat.refusals import is_unable, looked_after, of_gateway
from deploy.chat.wire import Forward, RefusedError, asked, next_step, refused
from deploy.errors import KitError, UsageError
from deploy.protocols.answer import Ended, Message, Piece
from deploy.protocols.doors.chatting import PROTOCOLS
from deploy.words import did_you_mean

ABSENT = 404


def answer(
    door: Door, model: str, messages: list[Message], key: str | None, ca: str | None, forward: Forward
) -> Generator[Piece | Ended, None, None]:
    """Yield the pieces of an answer as they come, then its end; closing the generator early stops the engine."""
    try:
        yield from _heard(door, door.name_of(model), messages, key, ca, forward)
    except RefusedError as refusal:
        if door.is_gateway:
            raise of_gateway(door, model, refusal) from None
        if is_unable(refusal.said):
            raise KitError(refusal.problem, looked_after(door, model)) from None
        if refusal.status != ABSENT:
            raise
        raise _absent(door, model, names(door, key, ca, forward)) from None


def names(door: Door, key: str | None, ca: str | None, forward: Forward) -> tuple[str, ...]:
    """Return the models in an API's own list."""
    path, topic, name = PROTOCOLS[door.protocol].LISTING
    with asked(door, path, None, key, ca, forward) as reply:
        models = _object(door, reply.read()).get(topic) or []
    return tuple(str(model[name]) for model in models)


def _absent(door: Door, model: str, there: tuple[str, ...]) -> KitError:
    if model in door.models:
        return KitError(f"{door.name} has no model {model!r}, or not all of it", looked_after(door, model))
    known = f"there are: {', '.join(there)}" if there else "it has none at all"
    return UsageError(f"{door.name} has no model {model!r}{did_you_mean(model, there)}", known)


def _heard(
    door: Door, model: str, messages: list[Message], key: str | None, ca: str | None, forward: Forward
) -> Generator[Piece | Ended, None, None]:
    chat = PROTOCOLS[door.protocol]
    with asked(door, chat.PATH, chat.question(model, messages), key, ca, forward) as lines:
        for part in chat.heard(lines, partial(_object, door)):
            yield part
            if isinstance(part, Ended):
                return
    raise KitError(f"{door.name}: the answer ended early", next_step(door))


def _object(door: Door, raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise KitError(f"{door.name} sent an invalid answer: {raw[:100]!r}", next_step(door))
    if "error" in document:
        # The status was sent before the work began: a failure comes as a line.
        raise refused(door, 200, raw)
    return document
