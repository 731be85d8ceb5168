"""What every engine in kit.yaml has, whether the kit runs it or not."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

from deploy.spec.fields import Name, Strict

ModelsAre = Literal["opened", "created", "named"]
"""opened: it opens one GGUF file when it starts; created: over its API; named: it has them, and is asked for them."""


class EngineSpec(Strict):
    """A program that runs models."""

    shortest: ClassVar[str]
    """The least that may be written about it, as YAML."""

    name: Name
    """Name of the engine; models refer to it."""

    @property
    @abstractmethod
    def models_are(self) -> ModelsAre:
        """How this engine comes by its models."""

    @property
    def release(self) -> str | None:
        """Release of the program; None where it is not known before it runs, or never."""
        return None

    @property
    def outside(self) -> str:
        """Where it is reached outside of the stack's own networks; empty for what the kit runs."""
        return ""
