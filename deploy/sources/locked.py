"""Properties of every model in kit.lock, whatever its source."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import Field

from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import Wheel
from deploy.errors import KitError
from deploy.fields.values import Sha256
from deploy.gguf import Header
from deploy.sources.measured import Measured, Said
from deploy.strict import Strict

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

    @property
    @abstractmethod
    def written(self) -> dict[str, str]:
        """Return the values of kit.yaml that it was locked from, its kind first."""

    @abstractmethod
    def agent_source(self) -> dict[str, Any]:
        """Return the agent's source of the file."""

    @property
    def wheels(self) -> tuple[Wheel, ...]:
        """Return the packages that it comes from."""
        return ()

    @property
    def trained_length(self) -> int | None:
        """Return the longest context that it was trained for, in tokens."""
        return self.gguf.context_length

    @property
    def brought_renderer(self) -> str | None:
        """Return the renderer that the model itself brings; None for a file."""
        return None

    @property
    def architecture(self) -> str | None:
        """Return the architecture of its file."""
        return self.gguf.architecture


def facts(header: Header) -> GgufFacts:
    """Return a header's facts as kit.lock has them."""
    return GgufFacts(**asdict(header))


def ensure_same(what: str, wanted: str, found: str) -> None:
    """Raise KitError if a file differs from kit.yaml's."""
    if found != wanted:
        raise KitError(
            f"{what}: its file has the sha256 {found}, kit.yaml says {wanted}",
            "write the right one in kit.yaml, if the file is the one that you mean",
        )


def weights(measured: Measured, asking: Asking, sha256: str) -> dict[str, Any]:
    """Return the locked values of a file; KitError if it differs from kit.yaml's."""
    ensure_same(asking.what, sha256, measured.sha256)
    return {"sha256": measured.sha256, "size": measured.size, "gguf": facts(measured.header)}
