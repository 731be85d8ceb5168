"""A model pulled to one engine, or removed from it, as a person asks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ENGINE
from deploy.agent.line import Line
from deploy.agent.protocols.doors.names import LOCAL, same, suffix
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.errors import KitError, UsageError, typed
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held
from deploy.words import did_you_mean

if TYPE_CHECKING:
    from deploy.agent.contract.engines import ChangeRequest, EngineAnswer, PullRequest, RemoveRequest
    from deploy.agent.contract.envelope import StackRequest


def chosen_engine(deployments: Mapping[str, Deployment], name: str | None) -> tuple[str, Engine]:
    """Return the named engine and its host, or the only engine whose models can be pulled and removed."""
    engines = {engine.name: (host, engine) for host, each in deployments.items() for engine in each.engines}
    there = f"there are: {', '.join(engines)}" if engines else "an engine of this kit.yaml opens files, or has its own"
    if not engines:
        raise UsageError("no engine here pulls or removes models", there)
    if name is None and len(engines) == 1:
        return next(iter(engines.values()))
    if name is None:
        raise UsageError("kit.yaml has several engines", f"--engine E; {there}")
    if name not in engines:
        raise UsageError(f"no engine {name!r} makes models{did_you_mean(name, engines)}", there)
    return engines[name]


def declared(engine: Engine, name: str) -> CreatedModel | None:
    """Return the model of a name in kit.yaml."""
    return next((model for model in engine.models if same(model.name) == same(name)), None)


def resting_on(engine: Engine, name: str) -> tuple[str, ...]:
    """Return the models of kit.yaml that are made from a tag."""
    return tuple(model.name for model in engine.models if model.base and same(model.base.name) == same(name))


def pull_model(
    deployment: Deployment, transport: Transport, engine: Engine, name: str, on_line: OnLine
) -> EngineAnswer:
    """Let an engine pull a tag, if the disk has room for its missing layers."""
    model = declared(engine, name)
    if model is not None and model.is_pulled:
        then = f"`{Line('lock', '--upgrade', model.name)}` takes what the tag is now, `{Line('apply')}` pulls it"
        raise UsageError(f"kit.yaml has {model.name}", then)
    if model is not None:
        raise UsageError(
            f"{model.name} is made from what kit.yaml says", f"`{Line('apply')}` makes it; a pull would take its place"
        )
    _ensure_way_out(deployment, engine, name)
    layers = _layers(deployment, engine, name)
    with held(transport, deployment.stack, "kit models pull", on_line) as base:
        request: PullRequest = {**_about(base, deployment, engine, name), "act": "pull", "layers": layers}
        return transport.call(ENGINE, request)


def _layers(deployment: Deployment, engine: Engine, name: str) -> list[tuple[str, int]]:
    """Return sha256 and size of each part of a tag that comes to a disk of this host."""
    if engine.models_dir is None:
        return []
    from deploy.registries.library import resolve_tag

    try:
        return [(layer.sha256, layer.size_bytes) for layer in resolve_tag(name, deployment.fetch).layers]
    except KitError:
        # Only the engine may get there: then each layer is looked at when the engine says how large it is.
        return []


def ensure_removable(engine: Engine, name: str, there: tuple[str, ...]) -> None:
    """Refuse a model of kit.yaml, and a missing one."""
    if model := declared(engine, name):
        step = "" if engine.prune else ", write `prune: true` at its engine"
        raise UsageError(
            f"kit.yaml declares {model.name}", f"take it out of kit.yaml{step}, then `{Line('apply')}` removes it"
        )
    if suffix(name) == LOCAL:
        wrong = f"an engine takes the tag {LOCAL} off a name, and would remove {name.rpartition(':')[0]}"
        raise UsageError(wrong, f"remove the manifest of {name} in the engine's folder by hand")
    if same(name) not in map(same, there):
        known = f"there are: {', '.join(there)}" if there else "it has none at all"
        raise UsageError(f"{engine.name} has no model {name!r}{did_you_mean(name, there)}", known)


def remove_model(
    deployment: Deployment, transport: Transport, engine: Engine, name: str, on_line: OnLine
) -> EngineAnswer:
    """Remove a model from an engine."""
    with held(transport, deployment.stack, "kit models remove", on_line) as base:
        request: RemoveRequest = {**_about(base, deployment, engine, name), "act": "remove"}
        return transport.call(ENGINE, request)


def _about(base: StackRequest, deployment: Deployment, engine: Engine, name: str) -> ChangeRequest:
    """Return the keys that a pull and a removal of a model have in common."""
    return {
        **base,
        "engine": engine_request(engine),
        "model": name,
        "ca": deployment.fetch.ca,
        "mirrors": {"models": deployment.fetch.models},
    }


def _ensure_way_out(deployment: Deployment, engine: Engine, name: str) -> None:
    if engine.models_dir is None or deployment.fetch.models is not None:
        return
    if deployment.service(engine.name).egress == "none":
        raise KitError(
            f"{engine.name} has no way out to the network to pull {typed(name)}",
            f"declare a model with `from: {name}`, or write `egress: any` at the engine; then `{Line('apply')}`",
        )
