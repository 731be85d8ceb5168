"""Few-shot examples: a conversation that a model has before every question."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from deploy.modelfile.carried import ModelText
from deploy.spec.fields import Strict

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")


class Message(Strict):
    """One message of an example conversation."""

    role: Role
    """Who speaks: system, user (the question) or assistant (the answer)."""
    content: ModelText
    """What is said."""


Messages = Annotated[tuple[Message, ...], Field(min_length=1, max_length=1000)]
"""Examples as they stand in kit.yaml, in any order of roles: an answer that comes first is a greeting."""
