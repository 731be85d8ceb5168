"""Few-shot examples: a conversation that a model sees before every question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from deploy.fields.carried import ModelText
from deploy.strict import Strict

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class Message(Strict):
    """One message of an example conversation."""

    role: Role
    """Speaker: system, user (the question) or assistant (the answer)."""
    content: ModelText
    """Text of the message."""


Messages = Annotated[tuple[Message, ...], Field(min_length=1, max_length=1000)]
"""Examples as they stand in kit.yaml, in any order of roles: an answer in the first place is a greeting."""


@dataclass(frozen=True)
class Joined:
    """A system text, and messages without those of the system."""

    system: str
    messages: list[Message]
    joined: list[int]
    """Indexes of the messages that became part of the system text."""
    later: list[int]
    """Indexes of the system's messages behind other messages, which fit nowhere."""


def with_system(system: str, messages: Sequence[Message]) -> Joined:
    """Return a system text joined with the system's messages right behind it, as an engine joins them."""
    joined = Joined(system, [message for message in messages if message.role != "system"], [], [])
    first = next((place for place, message in enumerate(messages) if message.role != "system"), len(messages))
    for place, message in enumerate(messages):
        if message.role == "system":
            (joined.joined if place < first else joined.later).append(place)
    return replace(joined, system="\n\n".join([system, *(messages[place].content for place in joined.joined)]))
