"""Fields of a llama.cpp engine."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar, Literal

from pydantic import Field, ValidationInfo, field_validator

from deploy.fields.engine import EngineSpec, ModelsAre
from deploy.fields.gpu import GpuSpec, with_card
from deploy.fields.service import ServiceSpec, Traits
from deploy.fields.values import Text, matching, pattern_schema
from deploy.fields.variables import Variables

DEFAULT_PORT = 9931
_RELEASE = re.compile(r"b[0-9]{1,6}")
Release = Annotated[
    str,
    matching(_RELEASE, "a release such as b11434"),
    pattern_schema(_RELEASE, "b11434"),
]


class LlamaCppEngine(EngineSpec, GpuSpec, ServiceSpec):
    """An engine that serves one model with llama.cpp's llama-server."""

    shortest: ClassVar[str] = "{name: main, kind: llama_cpp, threads: 1}"
    traits: ClassVar[Traits] = Traits(
        DEFAULT_PORT,
        has_authentication=True,
        offers_chat=True,
    )

    only_pulled: ClassVar[tuple[str, ...]] = ("version", "gpu")

    kind: Literal["llama_cpp"]
    """The component: llama_cpp."""
    version: Release | None = None
    """Release of llama.cpp as its project counts them, for a pulled image; by default the newest one."""
    threads: Annotated[int, Field(ge=1, le=1024)]
    """CPU threads for generation; one below the number of cores leaves room for the rest."""
    context_length: Annotated[int, Field(ge=256, le=1_048_576)] = 4096
    """Context of one request, in tokens."""
    parallel: Annotated[int, Field(ge=1, le=256)] = 1
    """Requests answered at the same time; each has a context of its own."""
    predict: Annotated[int, Field(ge=1, le=1_048_576)] | None = None
    """Longest answer in tokens; by default 64 for a base model (it never stops by itself), else no limit."""
    gpu_layers: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Layers on the cards, the rest on the CPU; by default as many as the cards have memory for."""
    chat_template: Text | None = None
    """Jinja chat template; by default the model's own, or the bare text of the messages if it has none."""

    @field_validator("gpu_layers")
    @classmethod
    def _has_layers_for_a_card(cls, value: int | None, info: ValidationInfo) -> int | None:
        layers: int | None = with_card(value, info)
        return layers

    @property
    def models_are(self) -> ModelsAre:
        """Return the way in which its models come: opened, created or named."""
        return "opened"

    @classmethod
    def variables(cls) -> Variables:
        """Return the variables of the program itself, for messages to a person who writes one of them here."""
        from deploy.components.llama_cpp.variables import VARIABLES

        return VARIABLES
