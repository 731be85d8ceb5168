"""An image by the name under which a host's Docker knows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deploy.agent.inputs.layers import LayerSize
from deploy.deployment.port import Port as Port


@dataclass(frozen=True)
class Image:
    """An image by the name under which the host's Docker knows it."""

    reference: str
    source: Literal["build", "pull"]
    recipe: str
    """Digest of everything that goes into it, or of the manifest that a registry has."""
    download_bytes: int
    """What its inputs or its layers weigh, for the estimate before the first apply."""
    layers: tuple[LayerSize, ...] = ()
    """What it is assembled from, for the count of disk space; outside every digest."""
