"""An image by its name in a host's Docker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deploy.agent.inputs.layers import LayerSize

ImageOrigin = Literal["build", "pull"]
"""build: assembled on a host; pull: taken from a registry."""


@dataclass(frozen=True)
class Image:
    """An image by its name in the host's Docker."""

    reference: str
    source: ImageOrigin
    recipe: str
    """Digest of all its inputs, or of its manifest in a registry."""
    download_bytes: int
    """Size of its inputs or its layers, for the estimate before the first apply."""
    layers: tuple[LayerSize, ...] = ()
    """Sizes of its parts, for the count of disk space; outside every digest."""
