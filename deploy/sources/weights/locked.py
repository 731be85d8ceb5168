"""Properties of every model in kit.lock, whatever its source."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import BeforeValidator, Field

from deploy.deployment.fetch import Fetch
from deploy.deployment.model_source import ModelSource
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.fields.values import Sha256
from deploy.reading.decimals import decimal
from deploy.sources.weights.measured import Measured, Said
from deploy.strict import Strict

LONGEST_NUMBER = 10**18
Bytes = Annotated[int, Field(ge=1, le=2**50)]


@dataclass(frozen=True)
class Asking:
    """Context of a pinning beside its source."""

    what: str
    """Name of the pinned input in errors."""
    folder: Path
    """Base of relative paths."""
    fetch: Fetch
    said: Said


def _decimal(value: object) -> object:
    """Read a decimal, which a YAML file holds as a text."""
    number = decimal(value)
    return value if number is None else number


Decimal = Annotated[float, BeforeValidator(_decimal)]
FactKey = Annotated[str, Field(min_length=1, max_length=100)]


class GgufFacts(Strict):
    """Facts in the header of a model's file."""

    architecture: str
    """Architecture of the model."""
    context_length: Annotated[int, Field(ge=1)]
    """Longest context that it was trained for, in tokens."""
    has_chat_template: bool
    """True if the file has a chat template."""


class WeightsLocked(Strict):
    """A model that begins with one GGUF file."""

    is_shared: ClassVar[bool] = False

    sha256: Sha256
    """sha256 of the GGUF file."""
    size: Bytes
    """Size of the GGUF file in bytes."""
    gguf: GgufFacts
    """Facts in its header."""
    header: dict[FactKey, bool | int | str] = Field(default_factory=dict)
    """Whole numbers, truth values and texts of its header, by key; a lock of an earlier kit has none."""
    decimals: dict[FactKey, Decimal] = Field(default_factory=dict)
    """Decimals of its header, by key."""

    @property
    @abstractmethod
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from, its kind first."""

    @abstractmethod
    def agent_source(self) -> ModelSource:
        """Return the source of the file, for the agent."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the packages that it comes from."""
        return ()

    @property
    def trained_length(self) -> int | None:
        """Return the longest context that it was trained for, in tokens."""
        return self.gguf.context_length

    @property
    def brought_context(self) -> int:
        """Return the context that the model itself sets: a file sets none."""
        return 0

    @property
    def brought_renderer(self) -> str | None:
        """Return the renderer that the model itself brings; None for a file."""
        return None

    @property
    def architecture(self) -> str | None:
        """Return the architecture of its file."""
        return self.gguf.architecture


def ensure_same(what: str, wanted: str, actual: str) -> None:
    """Raise KitError if a file differs from kit.yaml's."""
    if actual != wanted:
        raise KitError(
            f"{what}: its file has the sha256 {actual}, kit.yaml says {wanted}",
            "correct it in kit.yaml, if this is the intended file",
        )


def weights(measured: Measured, asking: Asking, sha256: str) -> dict[str, Any]:
    """Return the locked values of a file; KitError if it differs from kit.yaml's."""
    ensure_same(asking.what, sha256, measured.sha256)
    header = measured.header
    facts = GgufFacts(
        architecture=header.architecture,
        context_length=header.context_length,
        has_chat_template=header.has_chat_template,
    )
    decimals = {key: value for key, value in header.scalars.items() if isinstance(value, float)}
    others = {key: _told(value) for key, value in header.scalars.items() if not isinstance(value, float)}
    return {
        "sha256": measured.sha256,
        "size": measured.size,
        "gguf": facts,
        "header": others,
        "decimals": decimals,
    }


def _told(value: bool | int | str) -> bool | int | str:
    # A YAML file's whole numbers have at most 18 digits; longer ones are marks and no amounts.
    return str(value) if isinstance(value, int) and abs(value) >= LONGEST_NUMBER else value
