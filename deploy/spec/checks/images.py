"""Sources of images that fit the rest of a service."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.spec.checks.finding import Finding
from deploy.spec.model import Spec
from deploy.spec.placed import services


def images_can_be_built(spec: Spec) -> Iterator[Finding]:
    """A service without a recipe has its image from a registry."""
    for service in services(spec):
        if service.spec.source == "build" and not service.spec.is_buildable:
            message = f"{service.name} ({service.spec.kind}) has no image to build; write `pull`, or leave it out"
            yield Finding((*service.path, "source"), message)


def fields_fit_the_source(spec: Spec) -> Iterator[Finding]:
    """Fields of a pulled image have no effect on a built one."""
    for service in services(spec):
        if spec.origin_of(service.spec) == "pull":
            continue
        for name in service.spec.only_pulled:
            if getattr(service.spec, name) != type(service.spec).model_fields[name].default:
                message = "only a pulled image has this; write `source: pull` beside it, or leave it out"
                own: tuple[str, ...] = ("source",) if service.spec.source else ()
                also = (*service.path, *own) if own else ("images", "source")
                yield Finding((*service.path, name), message, (also,))


IMAGE_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (images_can_be_built, fields_fit_the_source)
