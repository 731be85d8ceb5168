"""Names of engines and models: each names one thing, and means the same to its engine as to the person."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from deploy.agent.protocols.doors.names import CLOUD, LOCAL, same, suffix
from deploy.deployment.cloud import sent_away
from deploy.errors import KitError, UsageError
from deploy.fields.engine import EngineSpec
from deploy.reading.document import FieldPath
from deploy.reference import parse_model
from deploy.spec.checks.finding import Finding
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model
from deploy.spec.placed import containers


def names_are_unique(spec: Spec) -> Iterator[Finding]:
    """Two engines, or an engine and another service, must not share a name; nor may two models of one engine."""
    first = {service.name: service.path for service in reversed(containers(spec)) if service.path[0] != "engines"}
    for index, engine in enumerate(spec.engines):
        path: FieldPath = ("engines", index)
        taken = first.setdefault(engine.name, path)
        if taken != path:
            whose = "another engine's name" if taken[0] == "engines" else f"the name of the {taken[0]}'s service"
            yield Finding((*path, "name"), f"{engine.name} is already {whose}", (taken,))
    models: dict[tuple[str, str], int] = {}
    for index, model in enumerate(spec.models):
        # An engine finds a model by any spelling of its name.
        if models.setdefault((model.engine, same(model.name)), index) != index:
            yield Finding(
                ("models", index, "name"), f"{model.name} is already the name of another model on {model.engine}"
            )


def engines_take_names_whole(spec: Spec) -> Iterator[Finding]:
    """An engine must not take a part of a name for something else."""
    engines = {engine.name: (place, engine) for place, engine in enumerate(spec.engines)}
    made_from = lineage(spec)
    for index, model in enumerate(spec.models):
        place, engine = engines.get(model.engine, (0, None))
        if engine is None or engine.models_are == "opened":
            continue
        also: tuple[FieldPath, ...] = (("models", index, "engine"), ("engines", place))
        is_pulled = made_from.is_pulled(model)
        is_made = engine.models_are == "created"
        faults = _taken_apart(model, engine, is_pulled=is_pulled) if is_made else _asked_for(model, engine)
        for field, message in faults:
            yield Finding(("models", index, field), message, also)


def _taken_apart(model: Model, engine: EngineSpec, *, is_pulled: bool) -> Iterator[tuple[str, str]]:
    tag = suffix(model.name)
    if wrong := _unreadable(model.name):
        yield "name", wrong
    elif tag == LOCAL or (tag == CLOUD and not is_pulled):
        yield "name", f"{_why(model.name, tag)}; choose another tag"
    elif tag == CLOUD and not engine.uses_cloud:
        yield "name", _without_cloud(model.name, engine)
    if not isinstance(model.from_, str) or (is_pulled and tag):
        return
    tag = suffix(model.from_)
    if wrong := _unreadable(model.from_):
        yield "from", wrong
    elif tag == LOCAL:
        yield "from", f"{_why(model.from_, tag)}; write {model.from_.rpartition(':')[0]}"
    elif tag == CLOUD and not engine.uses_cloud:
        yield "from", _without_cloud(model.from_, engine)


def _asked_for(model: Model, engine: EngineSpec) -> Iterator[tuple[str, str]]:
    """Yield the fault of a name under which an engine is asked for a model that it has already."""
    field, known = ("from", model.from_) if isinstance(model.from_, str) else ("name", model.name)
    if suffix(known) == CLOUD and not engine.uses_cloud:
        yield field, _without_cloud(known, engine)


def _unreadable(name: str) -> str:
    try:
        parse_model(name)
    except KitError as error:
        return f"{error.problem}; {error.next_step}"
    return ""


def _why(name: str, tag: str) -> str:
    written = name.rpartition(":")[2]
    if tag == LOCAL:
        return f"the engine strips the tag {written} from every name, so no request can reach {name}"
    return f"the engine sends requests for the tag {written} to its vendor's cloud, not to this model"


def _without_cloud(name: str, engine: EngineSpec) -> str:
    return "; ".join(_in_the_cloud(name, engine))


def _in_the_cloud(name: str, engine: EngineSpec) -> tuple[str, str]:
    return sent_away(f"the tag {name.rpartition(':')[2]}", engine.name)


def ensure_taken_whole(name: str, spec: Spec, engine_name: str) -> None:
    """Refuse a typed name that its engine would take for another model's."""
    engine = next(each for each in spec.engines if each.name == engine_name)
    tag = suffix(name) if engine.models_are != "opened" else ""
    if tag == LOCAL and engine.models_are == "created":
        raise UsageError(_why(name, tag), f"write {name.rpartition(':')[0]}")
    if tag == CLOUD and not engine.uses_cloud:
        raise UsageError(*_in_the_cloud(name, engine))


NAMING_CHECKS: tuple[Callable[[Spec], Iterator[Finding]], ...] = (names_are_unique, engines_take_names_whole)
