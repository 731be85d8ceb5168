"""Places to fetch from."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.reference import MIRROR_KEYS


@dataclass(frozen=True)
class Fetch:
    """Places to fetch from; outside every digest."""

    debian: str | None = None
    pypi: str | None = None
    proxy: str | None = None
    ca: str | None = None
    registry: str | None = None
    """Base address in place of the default container registry."""
    ghcr: str | None = None
    """Base address in place of GitHub's container registry."""
    models: str | None = None
    """Base address in place of the default model registry."""

    @property
    def registries(self) -> dict[str, str]:
        """Return the mirrors of container registries, by the host in an image's name."""
        return {host: place for host, key in MIRROR_KEYS.items() if (place := getattr(self, key))}
