"""Few-shot examples: a conversation that a model has before every question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from deploy.spec.fields import Strict, Text

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class Message(Strict):
    """One message of an example conversation."""

    role: Role
    """Who speaks: system, user (the question) or assistant (the answer)."""
    content: Text
    """What is said."""


def disorder(roles: Sequence[str]) -> tuple[int, str] | None:
    """Return the first message that stands out of turn and why: a question needs its answer right behind it."""
    asked: int | None = None
    for index, role in enumerate(roles):
        if role == "user":
            if asked is not None:
                return asked, "a question without an answer; the next message is a question again"
            asked = index
        elif role == "assistant":
            if asked is None:
                return index, "an answer without a question before it"
            asked = None
    return None if asked is None else (asked, "a question without an answer; the examples end here")


def _in_turn(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    if found := disorder([message.role for message in messages]):
        index, why = found
        raise PydanticCustomError("text", "entry {number} is {why}", {"number": index + 1, "why": why})
    return messages


Messages = Annotated[tuple[Message, ...], Field(min_length=1, max_length=1000), AfterValidator(_in_turn)]
"""Examples as they stand in kit.yaml."""
