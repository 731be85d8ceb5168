"""Fields that every engine in kit.yaml has, run by the kit or not."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Literal

from deploy.fields.host import PlacedSpec
from deploy.fields.values import Name

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
