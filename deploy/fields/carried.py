"""Texts of a model: an engine's API carries every character that a text may hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

from deploy.strict import several, text_faults

LONGEST = 65_536


def _carried(value: str) -> str:
    if wrong := [((), words) for words in text_faults(value)]:
        raise several(wrong)
    return value


TEXT = {"type": "string", "minLength": 1, "maxLength": LONGEST}
ModelText = Annotated[str, AfterValidator(_carried), WithJsonSchema(TEXT)]
"""A text of a model."""
