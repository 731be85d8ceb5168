"""Texts that a Modelfile can carry, each told all that is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from deploy.modelfile.grammar import losses
from deploy.spec.fields import CONTROL, several, text_faults


def carried_faults(value: str) -> Iterator[str]:
    """Yield what is wrong with a text of a model."""
    yield from text_faults(value)
    yield from losses(CONTROL.sub("", value))


def _carried(value: str) -> str:
    if wrong := [((), words) for words in carried_faults(value)]:
        raise several(wrong)
    return value


TEXT = {"type": "string", "minLength": 1, "maxLength": 65_536}
ModelText = Annotated[str, AfterValidator(_carried), WithJsonSchema(TEXT)]
"""A text that a Modelfile can carry."""
