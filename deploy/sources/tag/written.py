"""A library's tag or another model's name, as kit.yaml has it."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.printable import seen
from deploy.reference import plain_model
from deploy.strict import shown

_LONGEST = 500


def _named(value: str) -> str:
    plain = plain_model(value)
    if not plain.strip() or _hidden(plain) or len(plain) > _LONGEST:
        raise PydanticCustomError("source", "{value} is not a model's name", {"value": shown(value)})
    return plain


def _hidden(text: str) -> bool:
    """Return True if a text has an invisible character; the table is the same on every release of Python."""
    return seen(text) != text or bool(re.search("[\t\n\r]", text))


ModelSourceName = Annotated[
    str, AfterValidator(_named), WithJsonSchema({"type": "string", "examples": ["llama3:8b-instruct-q4_K_M"]})
]
