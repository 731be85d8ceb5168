"""Sources of a spec's images."""

from __future__ import annotations

from deploy.components import room_of
from deploy.deployment.recipe import ImageSource
from deploy.fields.service import ContainerSpec
from deploy.spec.model import Spec


def image_sources(spec: Spec) -> dict[str, ImageSource]:
    """Return the sources of a spec's images, by the names of their entries in the lock."""
    sources = [source_of(spec, service) for service in spec.containers]
    return {source.key: source for source in sources}


def source_of(spec: Spec, service: ContainerSpec) -> ImageSource:
    """Return the source of a service's image."""
    image = room_of(service.kind).image
    if image is None:
        raise TypeError(f"{service.kind} runs without an image")
    return image(service, spec.origin_of(service))
