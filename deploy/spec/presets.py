"""Named sets of parameters for a purpose; a model's own parameters override them."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

from deploy.protocols.doors.making import NAMES, Parameters

PresetName = Literal["balanced", "creative", "factual", "concise", "long-form", "technical", "creative-text", "chat"]
"""Purposes with a preset."""


def _preset(
    temperature: float, top_p: float, top_k: int, num_predict: int, repeat_penalty: float | None = None
) -> Parameters:
    return Parameters(
        temperature=temperature, top_p=top_p, top_k=top_k, num_predict=num_predict, repeat_penalty=repeat_penalty
    )


PRESETS: MappingProxyType[PresetName, Parameters] = MappingProxyType(
    {
        "balanced": _preset(0.7, 0.9, 40, 512, 1.1),
        "creative": _preset(0.9, 0.95, 60, 512, 1.05),
        "factual": _preset(0.3, 0.85, 40, 512, 1.15),
        "concise": _preset(0.4, 0.8, 30, 256, 1.2),
        "long-form": _preset(0.7, 0.95, 60, 1024, 1.05),
        # The middle of the ranges that are recommended for each; they say nothing of repetition
        "technical": _preset(0.4, 0.8, 30, 512),
        "creative-text": _preset(0.85, 0.95, 50, 1024),
        "chat": _preset(0.6, 0.875, 40, 768),
    }
)


def resolved(preset: PresetName | None, own: Parameters) -> Parameters:
    """Return the parameters of a model: the preset's, overridden by its own; null removes a preset's value."""
    values = {} if preset is None else {name: getattr(PRESETS[preset], name) for name in NAMES}
    values |= {name: getattr(own, name) for name in NAMES if name in own.model_fields_set}
    return Parameters(**{name: value for name, value in values.items() if value is not None})
