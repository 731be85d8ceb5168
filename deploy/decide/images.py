"""Images of services, from the lock's pins, and the agent's requests for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.inputs.layers import image_layers
from deploy.deployment.image import Image
from deploy.deployment.recipe import ImageSource, Recipe, image_request, pull_request, recipe_digest
from deploy.fields.service import ContainerSpec
from deploy.lock.image_sources import image_sources, source_of
from deploy.lock.model import BuiltImageLock, Lock, PulledImageLock
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.model import Spec

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import Image as ImageRequest


def image_of(spec: Spec, service: ContainerSpec, lock: Lock) -> Image:
    """Return a service's image by its name in the host's Docker."""
    source = source_of(spec, service)
    locked = lock.images[source.key]
    if isinstance(source, Recipe) and isinstance(locked, BuiltImageLock):
        digest = recipe_digest(source, locked.wheels, lock.platform)
        layers = image_layers(image_request(source, locked.wheels, lock.platform))
        size = sum(wheel.size for wheel in locked.wheels)
        return Image(f"kit/{source.kind}:{digest}", "build", digest, size, layers)
    if isinstance(locked, PulledImageLock):
        return Image(f"kit/{source.kind}:{locked.digest}", "pull", locked.digest, locked.size)
    raise TypeError(f"{source.key} is locked as {locked.source}")


def image_requests(spec: Spec, lock: Lock) -> list[ImageRequest]:
    """Return the images that the agent assembles or pulls, each once."""
    return [_request(source, spec, lock) for source in image_sources(spec).values()]


def _request(source: ImageSource, spec: Spec, lock: Lock) -> ImageRequest:
    locked = lock.images[source.key]
    if isinstance(source, Recipe) and isinstance(locked, BuiltImageLock):
        return image_request(source, locked.wheels, lock.platform)
    if isinstance(locked, PulledImageLock):
        mirrors = places_to_fetch_from(spec).registries
        return pull_request(source.kind, locked.repository, locked.digest, locked.size, mirrors)
    raise TypeError(f"{source.key} is locked as {locked.source}")
