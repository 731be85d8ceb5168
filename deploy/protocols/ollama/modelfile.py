"""A Modelfile as a typed value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from deploy.fields.messages import Message
from deploy.protocols.ollama.parameters import Parameters
from deploy.strict import shown

_NUMBER, _PRERELEASE, _BUILD = r"(?:0|[1-9][0-9]*)", r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)", r"[0-9A-Za-z-]+"
_RELEASE = re.compile(
    rf"v?{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}"
    rf"(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+{_BUILD}(?:\.{_BUILD})*)?)?)?"
)
"""A version by the rules of Go's `semver`, which the engine uses: `0.14` stands for 0.14.0."""
_BUILT_IN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")


@dataclass(frozen=True)
class Modelfile:
    """A model's definition, as in a Modelfile."""

    from_: str
    """Name of a model, or path of a file."""
    adapter: str | None = None
    """Path of an adapter's file."""
    projector: str | None = None
    """Path of a projector's file, written as a second FROM."""
    parameters: Parameters = field(default_factory=Parameters)
    template: str | None = None
    renderer: str | None = None
    """Renderer that makes prompts in place of the template, by the engine's own name."""
    parser: str | None = None
    """Parser of answers, by the engine's own name."""
    system: str | None = None
    license: tuple[str, ...] = ()
    messages: tuple[Message, ...] = ()
    requires: str | None = None
    """Least version of the engine."""


def release(value: str) -> str:
    """Return a version of an engine without its `v`; refuse anything else."""
    if not _RELEASE.fullmatch(value):
        raise PydanticCustomError("text", "{value} is not a version such as 0.14.0", {"value": shown(value)})
    return value.removeprefix("v")


def built_in(value: str) -> str:
    """Return the name of a renderer or a parser; refuse anything that cannot be a name."""
    if not _BUILT_IN.fullmatch(value):
        words = "{value} is not the name of a part of the engine such as qwen3-coder"
        raise PydanticCustomError("text", words, {"value": shown(value)})
    return value


BuiltIn = Annotated[
    str, AfterValidator(built_in), WithJsonSchema({"type": "string", "examples": ["qwen3-coder", "gemma4"]})
]
"""Name of a renderer or a parser that the engine brings."""
Requires = Annotated[str, AfterValidator(release), WithJsonSchema({"type": "string", "examples": ["0.14.0"]})]
"""Least version of the engine that a model needs."""
