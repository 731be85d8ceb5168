"""What every engine in kit.yaml has, whether the kit runs it or not."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from deploy.fields.values import Name
from deploy.strict import Strict, shown

ModelsAre = Literal["opened", "created", "named"]
"""opened: it opens one GGUF file when it starts; created: over its API; named: it has them, and is asked for them."""


class EngineSpec(Strict):
    """A program that runs models."""

    shortest: ClassVar[str]
    """The least that may be written about it, as YAML."""

    name: Name
    """Name of the engine; models refer to it."""

    @classmethod
    def at(cls, _url: str) -> str:
        """Return the least that may be written about one that runs at an address already; empty for the kit's own."""
        return ""

    @property
    @abstractmethod
    def models_are(self) -> ModelsAre:
        """How this engine comes by its models."""

    @property
    def heeds_templates(self) -> bool:
        """Whether a model's `template` can make its prompts."""
        return True

    @property
    def release(self) -> str | None:
        """Release of the program; None where it is not known before it runs, or never."""
        return None

    @property
    def uses_cloud(self) -> bool:
        """Whether it may pass questions on to its vendor's cloud."""
        return False

    @property
    def outside(self) -> str:
        """Where it is reached outside of the stack's own networks; empty for what the kit runs."""
        return ""

    @property
    def moved_by(self) -> str:
        """How such an engine is told to listen elsewhere, in brackets; empty where its own settings say it."""
        return ""


_NVIDIA = (
    "`{value}` is not supported yet, for the kit does not install NVIDIA's container toolkit; write `gpu: amd` for an"
    " AMD card or `gpu: none` for the CPU, or run the engine on the card yourself and name it with `kind: external`"
)


def _gpu(value: Any) -> Any:
    if value in ("auto", "nvidia"):
        raise PydanticCustomError("source", _NVIDIA, {"value": value})
    return value


def _group(value: Any) -> Any:
    if isinstance(value, str):
        words = "{value} is not the number of a group; `getent group NAME` prints it"
        raise PydanticCustomError("source", words, {"value": shown(value)})
    return value


Group = Annotated[int, Field(ge=1, le=4_294_967_294), BeforeValidator(_group)]


class GpuSpec(Strict):
    """What is written about the card that an engine computes on."""

    gpu: Annotated[Literal["none", "amd"], BeforeValidator(_gpu)] = "none"
    """What it computes on: none (the CPU), or amd (cards of AMD's, through ROCm)."""
    gpu_groups: tuple[Group, ...] = ()
    """Numbers of this machine's groups that may open the card; `kit plan` says which, where one is missing."""

    @field_validator("gpu_groups")
    @classmethod
    def _has_a_card(cls, value: Any, info: ValidationInfo) -> Any:
        return with_card(value, info)


def with_card(value: Any, info: ValidationInfo) -> Any:
    """Refuse what is only read by an engine that has a card."""
    if value not in ((), None) and info.data.get("gpu") == "none":
        raise PydanticCustomError("source", "has no effect on the CPU; write `gpu: amd`, or leave it out", {})
    return value
