"""Debian packages that images and models need on a host. Pure."""

from __future__ import annotations

from collections.abc import Set

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
    return UNPACKING if _unpacks_models(deployment) else ()


def unpacks_models_alone(deployment: Deployment, received: Set[str] = frozenset()) -> bool:
    """True if models come in packages, and no assembled image has brought what unpacks them.

    Args:
        deployment: The host's deployment.
        received: Names of images that come from another host.
    """
    images = (service.image for service in deployment.services)
    has_assembled = any(image.source == "build" and image.reference not in received for image in images)
    return _unpacks_models(deployment) and not has_assembled


def _unpacks_models(deployment: Deployment) -> bool:
    created = (model for engine in deployment.engines for model in engine.models)
    sources = [model.source for model in deployment.models]
    sources += [blob.source for model in created for blob in model.blobs]
    return any(kind_of(source).is_unpacked for source in sources)


def with_keys(packages: tuple[str, ...], system: str) -> tuple[str, ...]:
    """Add Debian's keys where a distribution does not have them by itself, as Ubuntu: images are built from Debian."""
    return (*packages, KEYS) if system != "debian" and set(ASSEMBLING) <= set(packages) else packages
