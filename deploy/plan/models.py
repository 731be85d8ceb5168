"""Models that an engine creates: which are made or made anew, which are removed, and why."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment import Deployment, Engine
from deploy.hosts.observe import Observation
from deploy.hosts.seen import SeenEngine
from deploy.modelfile.layers import causes
from deploy.models import CreatedModel
from deploy.plan.operation import Action, Operation

NOT_ASKED = SeenEngine(problem="it was not asked")


def model_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield what happens to models; equal means that request and manifest are the two that were remembered together."""
    for engine in deployment.engines:
        seen = observation.engines.get(engine.name, NOT_ASKED)
        touched: set[str] = set()
        for model in engine.models:
            found = _change(model, seen, touched)
            if found is not None:
                touched.add(model.name)
                yield Operation(f"model {model.name}", *found, engine.kind, engine.name, "sync")
        yield from _removals(engine, seen)


def _change(model: CreatedModel, seen: SeenEngine, touched: set[str]) -> tuple[Action, str] | None:
    known = seen.requests.get(model.name)
    if seen.problem:
        return None if known == model.digest else ("create", "not made yet" if known is None else "kit.yaml changed")
    live = seen.digests.get(model.name)
    if live is None:
        return "create", _weight(model, "not on the engine" if known is None else "somebody removed it")
    if known is None:
        return "create", "on the engine, but not made by the kit"
    if known != model.digest:
        return "create", f"made from {model.request['from']}" if _rests_on(model, touched) else "kit.yaml changed"
    if live != seen.manifests.get(model.name):
        words = causes(model.layers, seen.layers.get(model.name, {})) if model.name in seen.layers else ()
        return "create", "; ".join(words) or "changed in the engine"
    return None


def _rests_on(model: CreatedModel, touched: set[str]) -> bool:
    return model.base is None and model.request.get("from") in touched


def _weight(model: CreatedModel, cause: str) -> str:
    if model.base is None:
        return cause
    return f"{cause}; {model.base.name} takes up to {model.base.size_bytes / 2**30:.1f} GiB"


def _removals(engine: Engine, seen: SeenEngine) -> Iterator[Operation]:
    wanted = {model.name for model in engine.models}
    for name in sorted(set(seen.requests) - wanted):
        if engine.prune and name in seen.digests:
            yield Operation(f"model {name}", "remove", "no longer declared", engine.kind, engine.name, "sync")


def kept_models(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield a word about each model that left the spec and stays on its engine."""
    for engine in deployment.engines:
        seen = observation.engines.get(engine.name, NOT_ASKED)
        wanted = {model.name for model in engine.models}
        left = sorted(name for name in set(seen.requests) - wanted if name in seen.digests)
        if left and not engine.prune:
            ends = "`prune: true` there, or `kit models remove`, removes what left"
            yield f"{engine.name} keeps {', '.join(left)}, which left kit.yaml; {ends}"
