"""Debian packages that images and models need on a host. Pure."""

from __future__ import annotations

from collections.abc import Set

from deploy.deployment.host import Deployment
from deploy.sources.given import kind_of

ASSEMBLING = ("mmdebstrap",)
KEYS = "debian-archive-keyring"
UNPACKING = ("python3-venv",)
"""Packages that uv needs to unpack wheels, of images and of models in packages."""


def packages_for(deployment: Deployment, received: Set[str] = frozenset()) -> tuple[str, ...]:
    """Return the Debian packages that images and models need; pulled images and files need none.

    Args:
        deployment: The host's deployment.
        received: Names of images that come from another host.
    """
    images = (service.image for service in deployment.services)
    if any(image.source == "build" and image.reference not in received for image in images):
        return (*ASSEMBLING, *UNPACKING)
    created = (model for engine in deployment.engines for model in engine.models)
    sources = [model.source for model in deployment.models]
    sources += [blob.source for model in created for blob in model.blobs]
    return UNPACKING if any(kind_of(source).is_unpacked for source in sources) else ()


def with_keys(packages: tuple[str, ...], system: str) -> tuple[str, ...]:
    """Add Debian's keys where a distribution does not have them by itself, as Ubuntu: images are built from Debian."""
    return (*packages, KEYS) if system != "debian" and set(ASSEMBLING) <= set(packages) else packages
