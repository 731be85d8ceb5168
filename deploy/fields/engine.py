"""Fields that every engine in kit.yaml has, run by the kit or not."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from deploy.fields.host import PlacedSpec
from deploy.fields.values import Name
from deploy.strict import Strict, shown

ModelsAre = Literal["opened", "created", "named"]
"""opened: it opens one GGUF file at its start; created: over its API; named: it has models, and its API lists them."""


class EngineSpec(PlacedSpec):
    """A program that runs models."""

    shortest: ClassVar[str]
    """Shortest valid YAML of this kind."""

    homes: ClassVar[tuple[str, ...]] = ()
    """Homes of users that the program's own installer creates inside folders of the system."""

    name: Name
    """Name of the engine; models refer to it."""

    @classmethod
    def at(cls, _url: str) -> str:
        """Return the shortest valid YAML of an engine that runs at an address; empty for an engine of the kit's own."""
        return ""

    @property
    @abstractmethod
    def models_are(self) -> ModelsAre:
        """Return the way in which its models come: opened, created or named."""

    @property
    def ignores_templates_by(self) -> str:
        """Setting by which the engine ignores the `template` of a model, as written; empty if it takes it."""
        return ""

    @property
    def release(self) -> str | None:
        """Release of the program; None if it is unknown before a start, or always."""
        return None

    @property
    def uses_cloud(self) -> bool:
        """True if the engine may send questions to its vendor's cloud."""
        return False

    @property
    def outside(self) -> str:
        """Address of the engine outside of the stack's own networks; empty for an engine that the kit runs."""
        return ""

    @property
    def moved_by(self) -> str:
        """Setting that moves such an engine's listener, in brackets; empty if its own settings name it."""
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
    """The card that an engine computes on."""

    gpu: Annotated[Literal["none", "amd"], BeforeValidator(_gpu)] = "none"
    """Device that it computes on: none (the CPU), or amd (cards of AMD's, through ROCm)."""
    gpu_groups: tuple[Group, ...] = ()
    """Numbers of the host's groups that may open the card; `kit plan` names a missing one."""

    @field_validator("gpu_groups")
    @classmethod
    def _has_a_card(cls, value: Any, info: ValidationInfo) -> Any:
        return with_card(value, info)


def with_card(value: Any, info: ValidationInfo) -> Any:
    """Refuse fields that only an engine with a card reads."""
    if value not in ((), None) and info.data.get("gpu") == "none":
        raise PydanticCustomError("source", "has no effect on the CPU; write `gpu: amd`, or leave it out", {})
    return value
