"""Fields of an engine that can compute on graphics cards."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from deploy.strict import Strict, shown

Vendor = Literal["none", "nvidia", "amd", "intel"]
WITH_GROUPS = ("auto", "amd", "intel")
"""Choices of `gpu` whose device files belong to groups of the host."""
_CARDS = "[0-9]{1,2}|GPU-[0-9a-fA-F]{16}|GPU-[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_CARD = re.compile(_CARDS)


def _card(value: str) -> str:
    if not _CARD.fullmatch(value):
        words = "{value} is neither the number of a card such as 0 nor its UUID such as GPU-8668c3be2237aa5f"
        raise PydanticCustomError("source", words, {"value": shown(value)})
    return value


def _group(value: Any) -> Any:
    if isinstance(value, str):
        words = "{value} is not the number of a group; `getent group NAME` prints it"
        raise PydanticCustomError("source", words, {"value": shown(value)})
    return value


Card = Annotated[
    str,
    AfterValidator(_card),
    WithJsonSchema({"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": f"^({_CARDS})$"}]}),
]
Group = Annotated[int, Field(ge=1, le=4_294_967_294), BeforeValidator(_group)]


@dataclass(frozen=True)
class CardUse:
    """Cards that a service computes on, as its fields in kit.yaml say."""

    gpu: str
    instead: str
    """Field for a host without such cards."""
    devices: tuple[str, ...] = ()


class GpuSpec(Strict):
    """The cards that an engine computes on."""

    gpu: Literal["auto", "none", "nvidia", "amd", "intel"] = "none"
    """Device that it computes on: none (the CPU), cards of nvidia, amd or intel, or auto (the host's cards, as
    `kit lock` saw them)."""
    gpu_groups: tuple[Group, ...] = ()
    """Numbers of the host's groups that may open cards of amd or intel; `kit plan` names a missing one."""
    devices: tuple[Card, ...] = ()
    """Cards to compute on, beside `gpu`: the number or the UUID of each, as `nvidia-smi -L` or `rocminfo` prints it;
    by default all."""

    @property
    def card_use(self) -> CardUse | None:
        """Return the cards that it computes on; None for the CPU."""
        return None if self.gpu == "none" else CardUse(self.gpu, "gpu: none", self.devices)

    @field_validator("gpu_groups")
    @classmethod
    def _has_a_card(cls, value: Any, info: ValidationInfo) -> Any:
        if value and info.data.get("gpu") == "nvidia":
            raise PydanticCustomError("source", "has no effect: any user may open NVIDIA's cards; leave it out", {})
        return with_card(value, info)

    @field_validator("devices")
    @classmethod
    def _is_a_choice(cls, value: Any, info: ValidationInfo) -> Any:
        twice = [card for place, card in enumerate(value) if card.lower() in map(str.lower, value[:place])]
        if twice:
            raise PydanticCustomError("source", "{value} is written twice; keep one", {"value": shown(twice[0])})
        if any(not card.isdigit() for card in value) and info.data.get("gpu") == "intel":
            raise PydanticCustomError("source", "Intel's cards have numbers alone, such as 0", {})
        return with_card(value, info)


def with_card(value: Any, info: ValidationInfo) -> Any:
    """Refuse fields that only an engine with a card reads."""
    if value not in ((), None) and info.data.get("gpu") == "none":
        raise PydanticCustomError("source", "has no effect on the CPU; write `gpu: auto`, or leave it out", {})
    return value
