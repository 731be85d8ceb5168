"""A Modelfile as a typed value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.modelfile.messages import Message
from deploy.modelfile.parameters import Parameters
from deploy.spec.fields import shown

_RELEASE = re.compile(r"v?(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*)){2}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?")
_LEADING_ZERO = re.compile(r"[-.]0[0-9]+(\.|$)")


@dataclass(frozen=True)
class Modelfile:
    """What a model is made of, as a Modelfile says it."""

    from_: str
    """Name of a model, or path of a file."""
    adapter: str | None = None
    """Path of an adapter's file."""
    parameters: Parameters = field(default_factory=Parameters)
    template: str | None = None
    system: str | None = None
    license: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    requires: str | None = None
    """Least version of the engine."""


def release(value: str) -> str:
    """Return a version of an engine without its `v`; refuse anything that is none."""
    if not _RELEASE.fullmatch(value) or _LEADING_ZERO.search(value.partition("-")[1] + value.partition("-")[2]):
        raise PydanticCustomError("text", "{value} is not a version such as 0.14.0", {"value": shown(value)})
    return value.removeprefix("v")


Requires = Annotated[str, AfterValidator(release), WithJsonSchema({"type": "string", "examples": ["0.14.0"]})]
"""Least version of the engine that a model needs."""
