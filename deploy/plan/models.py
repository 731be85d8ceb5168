"""Models that an engine creates: those created, recreated or removed, with the cause."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from deploy.agent.line import Line
from deploy.agent.protocols.doors.names import LOCAL, same, suffix
from deploy.deployment.cloud import sent_away
from deploy.deployment.engines import Engine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.deployment.parts import changes
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import SeenEngine
from deploy.plan.causes import causes
from deploy.plan.contexts import context_advice
from deploy.plan.operation import Action, Operation
from deploy.plan.shown import shown_changes
from deploy.plan.weight import Weight, Weights

NOT_ASKED = SeenEngine(problem="it was not asked")
CHANGED = "kit.yaml changed"
AS_LOCKED = "on the engine as kit.lock has it"


def model_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the operations on models; a model is unchanged if its request and manifest were remembered together."""
    for engine in deployment.engines:
        elsewhere = _leaves_models(engine, observation)
        weights = Weights(engine, SeenEngine() if elsewhere else seen_of(engine, observation))
        for model, action, cause in model_changes(engine, observation):
            yield _operation(engine, _resource(deployment, engine, model.name), action, cause, weights.of(model))
        if not elsewhere:
            yield from _removals(deployment, engine, seen_of(engine, observation))


def _resource(deployment: Deployment, engine: Engine, name: str) -> str:
    """Return the name of a model's resource; with its engine if several engines have that name."""
    having = [each for each in deployment.engines if name in {model.name for model in each.models}]
    return f"model {name} on {engine.name}" if len(having) > 1 else f"model {name}"


def model_changes(engine: Engine, observation: Observation) -> Iterator[tuple[CreatedModel, Action, str]]:
    """Yield the models of an engine that differ from kit.yaml, each with the cause alone."""
    seen, elsewhere = seen_of(engine, observation), _leaves_models(engine, observation)
    touched: set[str] = set()
    for model in engine.models:
        change = _moved(model, engine, seen) if elsewhere else _change(model, seen, touched)
        if change is not None:
            touched.add(model.name)
            yield model, *change


def _operation(engine: Engine, resource: str, action: Action, cause: str, weight: Weight) -> Operation:
    return Operation(
        resource,
        action,
        "; ".join(filter(None, (cause, weight.words))),
        "sync",
        engine.name,
        written=weight.written,
        passing=weight.passing,
        download_bytes=weight.download_bytes,
    )


def seen_of(engine: Engine, observation: Observation) -> SeenEngine:
    """Return the observation of an engine, under the names of kit.yaml."""
    return observation.engines.get(engine.name, NOT_ASKED).spelled_as(model.name for model in engine.models)


def _change(model: CreatedModel, seen: SeenEngine, touched: set[str]) -> tuple[Action, str] | None:
    known, make = seen.requests.get(model.name), _make(model)
    if not seen.is_told:
        return None if known == model.digest else (make, "not made yet" if known is None else _why(model, seen))
    cause, damage = _cause(model, known, seen, touched), damage_of(model, seen)
    if damage and (cause is None or model.name not in seen.digests):
        return make, damage
    if cause is None:
        return None
    if cause == AS_LOCKED and not damage:
        return "accept", cause
    return make, "; ".join(filter(None, (cause, damage)))


def _cause(model: CreatedModel, known: str | None, seen: SeenEngine, touched: set[str]) -> str | None:
    live = seen.digests.get(model.name)
    if live is None:
        return "not on the engine" if known is None else "somebody removed it"
    if model.base is not None and model.is_pulled and known != model.digest and live == model.base.digest:
        return AS_LOCKED
    if known is None:
        there = f" as {seen.spellings[model.name]}" if model.name in seen.spellings else ""
        return f"on the engine{there}, but {_not_ours(model)}: it is replaced"
    if known != model.digest:
        anew = f"made from {model.request.get('from')}, which is recreated"
        return anew if _rests_on(model, touched, seen) else _why(model, seen)
    return _by_hand(model, seen) if live != seen.manifests.get(model.name) else None


def damage_of(model: CreatedModel, seen: SeenEngine) -> str:
    """Return the missing parts of a model, or of its base tag, in words; empty if both are complete."""
    lost = {same(name): words for name, words in seen.lost.items()}
    if model.base is not None and same(model.base.name) in lost and same(model.base.name) != same(model.name):
        return f"{model.base.name}, which it is made from, is damaged: {lost[same(model.base.name)]}"
    return f"damaged: {lost[same(model.name)]}" if same(model.name) in lost else ""


def _make(model: CreatedModel) -> Action:
    return "pull" if model.is_pulled else "create"


def _not_ours(model: CreatedModel) -> str:
    return "not as kit.lock has it" if model.is_pulled else "not made by the kit"


def _by_hand(model: CreatedModel, seen: SeenEngine) -> str:
    name = model.name
    if name in seen.made and name in seen.shown and (told := shown_changes(seen.made[name], seen.shown[name])):
        return f"changed in the engine: {', '.join(told)}"
    words = causes(model.layers, seen.layers[name]) if name in seen.layers else ()
    return "; ".join(words) or "changed in the engine"


def _why(model: CreatedModel, seen: SeenEngine) -> str:
    before = seen.parts.get(model.name)
    return ", ".join(changes(before, model.parts)) or CHANGED if before is not None else CHANGED


def _rests_on(model: CreatedModel, touched: set[str], seen: SeenEngine) -> bool:
    """Return True if it is recreated only because its base is."""
    if model.base is not None or model.request.get("from") not in touched:
        return False
    before = seen.parts.get(model.name)
    return before is None or {**before, "parent": ""} == {**model.parts, "parent": ""}


def _moved(model: CreatedModel, engine: Engine, seen: SeenEngine) -> tuple[Action, str]:
    return _make(model), f"not in {engine.models_dir}" if model.name in seen.requests else "not made yet"


def _leaves_models(engine: Engine, observation: Observation) -> bool:
    """Return True if the engine is going to start without the models of its former folder."""
    seen = seen_of(engine, observation)
    return engine.models_dir is not None and seen.place not in (None, engine.models_dir) and not seen.has_store


def _removals(deployment: Deployment, engine: Engine, seen: SeenEngine) -> Iterator[Operation]:
    for name in left_behind(engine, seen) if engine.prune else ():
        resource = _resource(deployment, engine, name)
        yield Operation(resource, "remove", "no longer declared", "sync", engine.name)


def left_behind(engine: Engine, seen: SeenEngine) -> list[str]:
    """Return the models that the kit made or pulled there and that left kit.yaml; a tag moved by a person is theirs."""
    wanted = {same(name) for model in engine.models for name in (model.name, model.base.name if model.base else "")}
    pulled = [name for name, digest in seen.digests.items() if seen.pulled.get(same(name)) == digest]
    there = {*pulled, *(name for name in seen.requests if name in seen.digests)}
    # A model with the tag that engines take off cannot be removed over their API: they would remove another.
    return sorted(name for name in there if same(name) not in wanted and suffix(name) != LOCAL)


def model_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield each engine outside of the kit that does not answer, although models are to be created on it."""
    for engine in deployment.engines:
        seen = seen_of(engine, observation)
        if _is_silent(engine, observation) and _lacks(engine, seen):
            wrong = f"{seen.problem}, and models are to be made there"
            yield wrong, "let it answer, or leave its models in kit.yaml as they were"
        yield from _sent_away(engine, seen)


def _sent_away(engine: Engine, seen: SeenEngine) -> Iterator[tuple[str, str]]:
    """Yield each model made from a tag that the engine leaves to its vendor's cloud."""
    away = {same(name): seen.digests.get(name) for name in (() if engine.uses_cloud else seen.cloud)}
    for model in engine.models:
        base = model.base
        if base is not None and away.get(same(base.name)) == base.digest:
            problem, next_step = sent_away(base.name, engine.name)
            yield f"model {model.name}: {problem}", next_step


def _is_silent(engine: Engine, observation: Observation) -> bool:
    asked = observation.engines.get(engine.name)
    return engine.models_dir is None and asked is not None and asked.problem is not None


def _lacks(engine: Engine, seen: SeenEngine) -> bool:
    return any(seen.requests.get(model.name) != model.digest for model in engine.models)


def model_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield advice about engines and their models."""
    for engine in deployment.engines:
        seen = seen_of(engine, observation)
        yield from _kept(engine, seen)
        yield from _remembering(engine, seen)
        yield from context_advice(engine)
        yield from _bare(engine, observation)
        yield from _doubts(engine, observation)
        if not engine.models and not seen.digests:
            line = f'- {{name: mine, engine: {engine.name}, from: "llama3.2:3b"}}'
            then = f"`{Line('lock')}` and `{Line('apply')}`"
            yield f"{engine.name} has no model yet; write `{line}` under `models:`, then {then}"
    for file in deployment.models:
        if file.advice and observation.models.get(file.host_path) != file.sha256:
            yield file.advice


def _bare(engine: Engine, observation: Observation) -> Iterator[str]:
    """Yield the models without a template for a chat, once: when they are created."""
    making = {model.name for model, _, _ in model_changes(engine, observation)}
    if bare := [model.name for model in engine.models if model.is_bare and model.name in making]:
        names = ", ".join(bare)
        step = "`template` at the model sets one; a base model only continues a text"
        yield f"the file of {names} has no chat template, so {engine.name} passes on the plain text; {step}"


def _remembering(engine: Engine, seen: SeenEngine) -> Iterator[str]:
    """Yield the engines that their owner must restart: they were asked for a model with a missing part."""
    damaged = [model.name for model in engine.models if damage_of(model, seen)]
    if damaged and engine.models_dir is None:
        names = ", ".join(damaged)
        yield f"{engine.name} may still refuse {names} until it is restarted: it remembers the failure"


def model_doubts(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield the engines whose models cannot be compared now."""
    for engine in deployment.engines:
        yield from _doubts(engine, observation)


def _doubts(engine: Engine, observation: Observation) -> Iterator[str]:
    seen = seen_of(engine, observation)
    # Of one that the kit runs and never made models on, there is nothing to compare.
    is_unread = engine.models_dir is not None and bool(seen.requests) and not seen.is_told
    is_own_unread = is_unread and not _moves_port(engine, observation)
    if is_own_unread or (_is_silent(engine, observation) and not _lacks(engine, seen)):
        yield f"{seen.problem}; its models are compared when it answers"


def _moves_port(engine: Engine, observation: Observation) -> bool:
    """Return True if the engine runs on its former port: silence on the new one means nothing."""
    container = observation.services.get(engine.name)
    if container is None or container.state != "running" or not container.ports:
        return False
    return str(urlsplit(engine.address).port) not in {port.rpartition(":")[2] for port in container.ports}


def _kept(engine: Engine, seen: SeenEngine) -> Iterator[str]:
    left = left_behind(engine, seen)
    if left and not engine.prune:
        ends = f"`prune: true` there, or `{Line('models', 'remove', 'NAME')}`, removes what left"
        yield f"{engine.name} keeps {', '.join(left)}, which left kit.yaml; {ends}"
