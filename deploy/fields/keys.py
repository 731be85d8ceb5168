"""Keys that a person keeps elsewhere: kit.yaml goes to git and names only their place."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

REFERENCE = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*|file:[^\x00-\x1f\x7f]+")


def _wrong(value: str) -> str:
    """Say what to write instead, without the value: it may be a key that somebody meant to keep."""
    if value.startswith("env:"):
        return "behind `env:` stands a variable's name: letters, digits and '_', no digit first"
    if value == "file:":
        return "behind `file:` stands the path of the file"
    return "write `env:NAME` or `file:PATH`, where the key is kept; this file goes to git"


def _reference(value: str) -> str:
    if not REFERENCE.fullmatch(value):
        raise PydanticCustomError("name", _wrong(value), {})
    if value.startswith("file:~"):
        raise PydanticCustomError("name", "write the whole path: '~' is not expanded", {})
    return value


Key = Annotated[
    str, AfterValidator(_reference), WithJsonSchema({"type": "string", "examples": ["env:MAC_KEY", "file:mac.key"]})
]
