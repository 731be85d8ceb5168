"""Spec and lock to Deployment: every decision is made here or in a room, and none later."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.components import room_of
from deploy.components.room import LockedModel, Resolved, Site
from deploy.decide.images import image_of
from deploy.decide.models import created_models
from deploy.decide.view import Offered, seen_from
from deploy.deployment.host import Deployment
from deploy.fields.engine import EngineSpec
from deploy.fields.service import ServiceSpec
from deploy.lock.addresses import addresses_of
from deploy.lock.model import Lock
from deploy.sources.lock import weights_of
from deploy.spec.aliases import aliases_of
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.model import Engine, Gateway, Spec, WebUI
from deploy.spec.models import Model
from deploy.spec.placed import host_of, ways_of


def resolve(spec: Spec, lock: Lock) -> dict[str, Deployment]:
    """Decide everything for each host, by its name."""
    return deployments_of(spec, lock, resolved_parts(spec, lock))


def deployments_of(spec: Spec, lock: Lock, parts: Sequence[Resolved]) -> dict[str, Deployment]:
    """Return the deployment of each host, made of the parts on it; a host without a part has an empty one."""
    placed: dict[str, list[Resolved]] = {host: [] for host in ways_of(spec)}
    for part, resolved in zip(_parts(spec), parts, strict=True):
        placed[host_of(part)].append(resolved)
    return {host: _deployment(spec, lock, host, resolved) for host, resolved in placed.items()}


def resolved_parts(spec: Spec, lock: Lock) -> list[Resolved]:
    """Decide part by part: the engines in their order, the gateway over them, the web UI over that."""
    resolved = []
    offered: list[Offered] = []
    for part in _parts(spec):
        host = host_of(part)
        offers = () if isinstance(part, EngineSpec) else seen_from(host, offered)
        resolved.append(room_of(part.kind).resolve(part, _site(spec, lock, part), offers))
        offered += [Offered(host, offer) for offer in resolved[-1].offers]
    return resolved


def _parts(spec: Spec) -> list[Engine | Gateway | WebUI]:
    fronts = (spec.gateway, spec.webui)
    return [*spec.engines, *(front for front in fronts if front is not None)]


def _deployment(spec: Spec, lock: Lock, host: str, resolved: list[Resolved]) -> Deployment:
    locked = addresses_of(lock, host)
    return Deployment(
        stack=spec.stack,
        services=tuple(one.own_service for one in resolved if one.own_service is not None),
        models=tuple(model for one in resolved for model in one.models),
        engines=tuple(one.engine for one in resolved if one.engine is not None),
        named_engines=tuple(one.named_engine for one in resolved if one.named_engine is not None),
        fetch=places_to_fetch_from(spec),
        addresses=tuple((word, locked[word]) for word in spec.address_words if word in locked),
        jobs=tuple(job for one in resolved for job in one.jobs),
    )


def _site(spec: Spec, lock: Lock, part: Engine | Gateway | WebUI) -> Site:
    if isinstance(part, EngineSpec):
        return _site_of_engine(spec, lock, part)
    addresses = addresses_of(lock, host_of(part))
    return Site(spec.stack, image_of(part, lock), addresses=addresses, embedding=_embedding(spec))


def _site_of_engine(spec: Spec, lock: Lock, engine: Engine) -> Site:
    models = [model for model in spec.models if model.engine == engine.name]
    return Site(
        stack=spec.stack,
        own_image=image_of(engine, lock) if isinstance(engine, ServiceSpec) else None,
        models=tuple(_locked(lock, model) for model in models) if engine.models_are == "opened" else (),
        created=created_models(spec, lock, models) if engine.models_are == "created" else (),
        named=_named(models) if engine.models_are == "named" else (),
        addresses=addresses_of(lock, host_of(engine)),
        embedding=_embedding(spec),
    )


def _embedding(spec: Spec) -> str | None:
    named = spec.webui.embedding if spec.webui is not None else None
    return None if named is None else aliases_of(spec).get(named, named)


def _locked(lock: Lock, wanted: Model) -> LockedModel:
    model = weights_of(lock.models[wanted.key], wanted.key)
    header = model.gguf
    return LockedModel(
        wanted.name, model.sha256, model.size, model.agent_source(), header.context_length, header.has_chat_template
    )


def _named(models: list[Model]) -> tuple[tuple[str, str], ...]:
    return tuple((model.name, model.from_ if isinstance(model.from_, str) else model.name) for model in models)
