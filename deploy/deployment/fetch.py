"""Places to fetch from."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fetch:
    """Places to fetch from; outside every digest."""

    debian: str | None = None
    pypi: str | None = None
    proxy: str | None = None
    ca: str | None = None
    registry: str | None = None
    """Base address in place of the default container registry."""
    models: str | None = None
    """Base address in place of the default model registry."""
