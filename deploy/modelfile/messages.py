"""Few-shot examples: a conversation that a model has before every question."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator
from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError
from pydantic_core.core_schema import ErrorType

from deploy.modelfile.carried import ModelText
from deploy.spec.fields import Strict, several

Role = Literal["system", "user", "assistant"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant")
_KNOWN = frozenset(get_args(ErrorType))
"""Kinds of errors that pydantic words by itself."""


class Message(Strict):
    """One message of an example conversation."""

    role: Role
    """Who speaks: system, user (the question) or assistant (the answer)."""
    content: ModelText
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


def disorders(roles: Sequence[str]) -> list[tuple[int, str]]:
    """Return every message that stands out of turn and why, so that the others are in turn without them."""
    found, places = [], list(range(len(roles)))
    while out_of_turn := disorder([roles[place] for place in places]):
        index, why = out_of_turn
        found.append((places.pop(index), why))
    return sorted(found)


def _in_turn(value: Any, read: ValidatorFunctionWrapHandler) -> tuple[Message, ...]:
    """Read examples; whether they stand in turn is told beside the faults of single ones."""
    # Behind a validator of Python's own, a list is no tuple any more
    given = tuple(value) if isinstance(value, list) else value
    wrong = [((index,), f"is {why}") for index, why in disorders(_roles(given))]
    try:
        messages: tuple[Message, ...] = read(given)
    except ValidationError as error:
        details = [_again(each) for each in error.errors(include_url=False)]
        if wrong:
            details.append({"type": several(wrong), "loc": (), "input": given})
        raise ValidationError.from_exception_data(error.title, details) from None
    if wrong:
        raise several(wrong)
    return messages


def _roles(given: Any) -> list[str]:
    """Return the roles of examples that are not read yet; none where one of them is no role."""
    entries = given if isinstance(given, tuple) else ()
    roles = [entry.get("role") if isinstance(entry, dict) else getattr(entry, "role", None) for entry in entries]
    known = [role for role in roles if role in ROLES]
    return known if len(known) == len(roles) else []


def _again(error: ErrorDetails) -> InitErrorDetails:
    kind, context = error["type"], error.get("ctx", {})
    own = PydanticCustomError(kind, "{wrong}", {**context, "wrong": error["msg"]})
    return {"type": kind if kind in _KNOWN else own, "loc": error["loc"], "input": error["input"], "ctx": context}


Messages = Annotated[tuple[Message, ...], Field(min_length=1, max_length=1000), WrapValidator(_in_turn)]
"""Examples as they stand in kit.yaml."""
