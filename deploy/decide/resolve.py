"""Spec and lock to Deployment: every decision is made here or in a room, and none later."""

from __future__ import annotations

from dataclasses import replace

from deploy.components import room_of
from deploy.components.room import LockedModel, Resolved, Site
from deploy.decide.backups import backup_jobs, backup_of
from deploy.decide.failures import failure_call_of, watch_jobs
from deploy.decide.guards import resolved_guards
from deploy.decide.images import image_of
from deploy.decide.models import created_models
from deploy.decide.part import Part, Parts
from deploy.decide.shapes import shapes_of
from deploy.decide.view import Offered, offered_by, seen_from
from deploy.deployment.cards import Cards
from deploy.deployment.host import Deployment
from deploy.fields.gpu import GpuSpec
from deploy.fields.service import ServiceSpec
from deploy.lock.addresses import addresses_of
from deploy.lock.model import Lock
from deploy.sources.lock import weights_of
from deploy.spec.aliases import aliases_of
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.model import Engine, Gateway, Spec, WebUI
from deploy.spec.models import Model
from deploy.spec.placed import address_of, host_of, hosts_in


def resolve(spec: Spec, lock: Lock) -> dict[str, Deployment]:
    """Decide everything for each host, by its name."""
    return deployments_of(spec, lock, resolved_parts(spec, lock))


def deployments_of(spec: Spec, lock: Lock, parts: Parts) -> dict[str, Deployment]:
    """Return the deployment of each host, made of the parts on it; a host without a part has an empty one."""
    placed: dict[str, list[Resolved]] = {host: [] for host in hosts_in(spec)}
    for part in parts.all:
        placed[part.host].append(part.resolved)
    return {host: _deployment(spec, lock, host, resolved) for host, resolved in placed.items()}


def resolved_parts(spec: Spec, lock: Lock) -> Parts:
    """Decide part by part: the engines, the guards before them, the gateway, and the web UI over that."""
    engines = tuple(_engine(spec, lock, engine) for engine in spec.engines)
    guarding = resolved_guards(spec, lock, engines)
    fronts: list[Part] = []
    for front in (spec.gateway, spec.webui):
        if front is not None:
            seen = seen_from(host_of(spec, front), offered_by(engines, guarding, fronts))
            fronts.append(_front(spec, lock, front, seen))
    return Parts(engines, tuple(fronts), guarding)


def _engine(spec: Spec, lock: Lock, engine: Engine) -> Part:
    decided = room_of(engine.kind).resolve(engine, _site_of_engine(spec, lock, engine), ())
    return _part(spec, engine.name, engine, decided)


def _front(spec: Spec, lock: Lock, front: Gateway | WebUI, seen: tuple[Offered, ...]) -> Part:
    decided = room_of(front.kind).resolve(front, _site_of_front(spec, lock, front), tuple(each.offer for each in seen))
    # An engine that the kit does not run has the same offer for all hosts, and needs none of those that ask it.
    needs = frozenset(each.host for each in seen if each.is_for_others)
    return replace(_part(spec, front.kind, front, decided), needs=needs)


def _part(spec: Spec, name: str, written: Engine | Gateway | WebUI, decided: Resolved) -> Part:
    host = host_of(spec, written)
    return Part(name, host, address_of(spec, host), decided)


def _deployment(spec: Spec, lock: Lock, host: str, resolved: list[Resolved]) -> Deployment:
    locked = addresses_of(lock, host)
    own = (*backup_jobs(spec), *watch_jobs(spec)) if resolved else ()
    services = tuple(part.own_service for part in resolved if part.own_service is not None)
    return Deployment(
        stack=spec.stack,
        services=services,
        models=tuple(model for part in resolved for model in part.models),
        engines=tuple(part.engine for part in resolved if part.engine is not None),
        named_engines=tuple(part.named_engine for part in resolved if part.named_engine is not None),
        fetch=places_to_fetch_from(spec),
        addresses=tuple((word, locked[word]) for word in spec.address_words if word in locked),
        jobs=(*(job for part in resolved for job in part.jobs), *own),
        backup=backup_of(spec, host) if resolved else None,
        failure_call=failure_call_of(spec) if resolved else None,
        toolkit=lock.toolkit.given if lock.toolkit is not None else None,
        on_cpu=tuple(
            each.name for each in services if each.name in lock.gpus and lock.gpus[each.name].vendor == "none"
        ),
        manages_docker=host in spec.hosts and spec.hosts[host].manage,
    )


def _site_of_front(spec: Spec, lock: Lock, front: Gateway | WebUI) -> Site:
    return Site(
        spec.stack,
        image_of(spec, front, lock),
        addresses=addresses_of(lock, host_of(spec, front)),
        embedding=_embedding(spec),
        cards=_cards(lock, front.kind),
    )


def _site_of_engine(spec: Spec, lock: Lock, engine: Engine) -> Site:
    models = [model for model in spec.models if model.engine == engine.name]
    return Site(
        stack=spec.stack,
        own_image=image_of(spec, engine, lock) if isinstance(engine, ServiceSpec) else None,
        models=tuple(_locked(lock, model) for model in models) if engine.models_are == "opened" else (),
        created=created_models(spec, lock, models) if engine.models_are == "created" else (),
        named=_named(models) if engine.models_are == "named" else (),
        addresses=addresses_of(lock, host_of(spec, engine)),
        cards=_cards(lock, engine.name),
        embedding=_embedding(spec),
        shapes=shapes_of(engine, lock, models) if isinstance(engine, GpuSpec) and engine.card_use else {},
    )


def _cards(lock: Lock, name: str) -> Cards | None:
    return lock.gpus[name].given if name in lock.gpus else None


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
