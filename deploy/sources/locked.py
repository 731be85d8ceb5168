"""What every model in kit.lock has, whatever its source: the questions that the kit asks of it."""

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
    """What pinning needs beside the source."""

    what: str
    """What is pinned, as an error names it."""
    folder: Path
    """Where relative paths begin."""
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
        """Return what kit.yaml says where it is locked from, its kind first."""

    @abstractmethod
    def agent_source(self) -> dict[str, Any]:
        """Return where the agent finds the file."""

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
        """Return what the model itself says makes its prompts; a file names nothing."""
        return None

    @property
    def architecture(self) -> str | None:
        """Return the architecture of its file."""
        return self.gguf.architecture


def facts(header: Header) -> GgufFacts:
    """Return a header's facts as kit.lock has them."""
    return GgufFacts(**asdict(header))


def ensure_same(what: str, wanted: str, found: str) -> None:
    """Raise where a file is another one than kit.yaml says."""
    if found != wanted:
        raise KitError(
            f"{what}: its file has the sha256 {found}, kit.yaml says {wanted}",
            "write the right one in kit.yaml, if the file is the one that you mean",
        )


def weights(measured: Measured, asking: Asking, sha256: str) -> dict[str, Any]:
    """Return what is locked of every file; KitError where it is another one than kit.yaml says."""
    ensure_same(asking.what, sha256, measured.sha256)
    return {"sha256": measured.sha256, "size": measured.size, "gguf": facts(measured.header)}
