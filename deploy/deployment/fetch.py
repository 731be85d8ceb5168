"""Places to fetch from."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.reference import MIRROR_KEYS

NVIDIA = "https://nvidia.github.io/libnvidia-container"
"""Packages of NVIDIA's container toolkit."""
NVIDIA_KEY = "C95B321B61E88C1809C4F759DDCAE044F796ECB0"
"""Fingerprint of the key that signs them."""


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
    nvidia: str = NVIDIA
    """Base address of the packages of NVIDIA's container toolkit."""
    nvidia_key: str = NVIDIA_KEY
    """Fingerprint of the key that signs them."""

    @property
    def nvidia_source(self) -> str:
        """Return the package source below that address."""
        return f"{self.nvidia}/stable/deb/amd64"

    @property
    def registries(self) -> dict[str, str]:
        """Return the mirrors of container registries, by the host in an image's name."""
        return {host: place for host, key in MIRROR_KEYS.items() if (place := getattr(self, key))}
