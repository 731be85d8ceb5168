"""Spec and lock to Deployment: every decision is taken here or in a room, and none later."""

from __future__ import annotations

from typing import Any

from deploy.components import room_of
from deploy.components.room import LockedModel, Resolved, Site
from deploy.deployment import Deployment, Fetch, Image
from deploy.lock.model import Lock
from deploy.offers import Offer
from deploy.recipe import image_request, recipe_digest
from deploy.spec.model import Spec
from deploy.spec.service import ServiceSpec


def resolve(spec: Spec, lock: Lock) -> Deployment:
    """Decide everything for this host: engines first, the gateway over them, the web UI over that."""
    engines = [_resolve_service(spec, lock, engine.kind, engine, (), engine.name) for engine in spec.engines]
    offers = tuple(offer for engine in engines for offer in engine.offers)
    resolved = list(engines)
    for front in (spec.gateway, spec.webui):
        if front is not None:
            resolved.append(_resolve_service(spec, lock, front.kind, front, offers))
            offers = resolved[-1].offers or offers
    return Deployment(
        stack=spec.stack,
        services=tuple(one.service for one in resolved),
        models=tuple(model for one in resolved for model in one.models),
        fetch=Fetch(spec.mirrors.debian, spec.mirrors.pypi, spec.proxy, spec.ca),
    )


def image_requests(spec: Spec, lock: Lock) -> list[dict[str, Any]]:
    """Return what the agent assembles, one entry per kind of service."""
    services = {service.kind: service for service in (*spec.engines, spec.gateway, spec.webui) if service is not None}
    return [
        image_request(room_of(kind).recipe(service), lock.images[kind].wheels, lock.platform)
        for kind, service in services.items()
    ]


def _resolve_service(
    spec: Spec, lock: Lock, kind: str, service: ServiceSpec, offers: tuple[Offer, ...], engine: str | None = None
) -> Resolved:
    site = Site(
        stack=spec.stack,
        root=f"/opt/kit/{spec.stack}",
        data_root=f"/srv/kit/{spec.stack}",
        image=_image(lock, kind, service),
        models=tuple(_locked_model(lock, model.name) for model in spec.models if model.engine == engine),
    )
    return room_of(kind).resolve(service, site, offers)


def _image(lock: Lock, kind: str, service: ServiceSpec) -> Image:
    recipe = room_of(kind).recipe(service)
    wheels = lock.images[kind].wheels
    digest = recipe_digest(recipe, wheels, lock.platform)
    return Image(f"kit/{kind}:{digest}", "build", digest, sum(wheel.size for wheel in wheels))


def _locked_model(lock: Lock, name: str) -> LockedModel:
    model = lock.models[name]
    return LockedModel(
        name, model.sha256, model.size, model.agent_source(), model.gguf.context_length, model.gguf.has_chat_template
    )
