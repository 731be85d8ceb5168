"""Models of a host: those in kit.yaml beside the present ones, each with its state in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import ENGINE
from deploy.agent.protocols.doors.names import same
from deploy.deployment.engines import Engine, NamedEngine
from deploy.deployment.host import Deployment
from deploy.deployment.models import CreatedModel
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import SeenEngine
from deploy.hosts.wire.transport import Transport
from deploy.plan.models import NOT_ASKED, damage_of, left_behind, model_changes, seen_of
from deploy.plan.named import NAMES_NOT_ASKED, lack
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.engines import ListedModel, ListRequest, Loaded

EQUAL = "equal"
THERE = "there"
"""State of a model that its engine has already: nothing is compared."""
SETTLED = (EQUAL, THERE)
Listed = dict[str, "ListedModel"]
"""An engine's models by the common form of all spellings of a name."""


@dataclass(frozen=True)
class Row:
    """One model on one engine."""

    name: str
    engine: str
    state: str
    is_wanted: bool
    """True if kit.yaml names it."""
    size_bytes: int | None = None
    digest: str | None = None
    loaded: Loaded | None = None
    """Its place in memory, while it is loaded."""
    is_seen: bool = True
    """True if its engine answered."""

    @property
    def differs(self) -> bool:
        """True if an apply would change it."""
        return self.is_wanted and self.is_seen and self.state not in SETTLED


def rows(deployment: Deployment, observation: Observation) -> tuple[Row, ...]:
    """Return every model: created ones, those that engines have already, and the files that they open."""
    made = [row for engine in deployment.engines for row in _of_engine(engine, observation)]
    named = [row for engine in deployment.named_engines for row in _of_named(engine, observation)]
    return (*made, *named, *_files(deployment, observation))


def _of_engine(engine: Engine, observation: Observation) -> Iterator[Row]:
    seen = seen_of(engine, observation)
    changes = {model.name: cause for model, _, cause in model_changes(engine, observation)}
    for model in engine.models:
        state = _state(model, seen, changes.get(model.name))
        size, digest = _size(model, seen), seen.digests.get(model.name)
        yield Row(model.name, engine.name, state, is_wanted=True, size_bytes=size, digest=digest, is_seen=seen.is_told)
    wanted = {same(model.name) for model in engine.models}
    for name in sorted(set(seen.digests)):
        if same(name) not in wanted:
            damage = f"; damaged: {seen.lost[name]}" if name in seen.lost else ""
            state = f"{_why_there(name, engine, seen)}{damage}"
            yield Row(
                name, engine.name, state, is_wanted=False, size_bytes=seen.sizes.get(name), digest=seen.digests[name]
            )


def _of_named(engine: NamedEngine, observation: Observation) -> Iterator[Row]:
    seen = observation.named_engines.get(engine.name, NAMES_NOT_ASKED)
    for name, known in engine.models:
        state = f"the engine {lack(known, seen)}" if seen.own_name(known) is None else THERE
        silent = f"engine does not answer: {seen.problem}"
        yield Row(name, engine.name, state if seen.is_told else silent, is_wanted=True, is_seen=seen.is_told)
    wanted = {seen.own_name(known) for _, known in engine.models}
    for name in sorted(set(seen.names) - wanted):
        yield Row(name, engine.name, "not in kit.yaml (the engine's own)", is_wanted=False)


def _state(model: CreatedModel, seen: SeenEngine, cause: str | None) -> str:
    known, live = seen.requests.get(model.name), seen.digests.get(model.name)
    if cause is not None and damage_of(model, seen):
        return cause
    if not seen.is_told:
        return f"engine does not answer: {seen.problem}"
    if cause is None:
        return EQUAL
    if known is None or live is None:
        return cause if live else "not made yet" if known is None else "removed by hand"
    if known == model.digest and live != seen.manifests.get(model.name):
        own = "changed in the engine"
        return cause if own in cause else f"{own}: {cause}"
    return cause


def _why_there(name: str, engine: Engine, seen: SeenEngine) -> str:
    bases = {same(model.base.name): model.base for model in engine.models if model.base}
    if same(name) in bases:
        above = [model.name for model in engine.models if model.base and same(model.base.name) == same(name)]
        moved = bases[same(name)].digest != seen.digests[name]
        return f"what {', '.join(above)} is made from{'; not the one of kit.lock' if moved else ''}"
    if name not in left_behind(engine, seen):
        return "not in kit.yaml (made by hand)"
    return f"not in kit.yaml (left kit.yaml{'; the next apply removes it' if engine.prune else ''})"


def _size(model: CreatedModel, seen: SeenEngine) -> int | None:
    """Return its present or future size; None if the engine does not answer."""
    if model.name in seen.sizes or not seen.is_told:
        return seen.sizes.get(model.name)
    return model.base.size_bytes if model.base else sum(blob.size_bytes for blob in model.blobs) or None


def _files(deployment: Deployment, observation: Observation) -> Iterator[Row]:
    for model in deployment.models:
        present = observation.models.get(model.host_path)
        state = {None: "not fetched yet", model.sha256: EQUAL}.get(present, "another file lies in its place")
        yield Row(model.name, model.service, state, is_wanted=True, size_bytes=model.size_bytes, digest=model.sha256)


def asleep(deployment: Deployment, observation: Observation) -> tuple[str, ...]:
    """Return the engines of this stack whose containers exist and do not run."""
    made = {engine.name for engine in deployment.engines if engine.models_dir is not None}
    opened = {model.service for model in deployment.models}
    ended = {name for name, container in observation.services.items() if container.state in ("exited", "created")}
    return tuple(sorted(ended & (made | opened)))


def listed(deployment: Deployment, transport: Transport, engine: Engine) -> Listed:
    """Ask one engine for its models, with their sizes."""
    request: ListRequest = {
        "stack": deployment.stack,
        "root": Stack(deployment.stack).root,
        "engine": engine_request(engine),
        "act": "list",
        "ca": deployment.fetch.ca,
    }
    answer = transport.call(ENGINE, request)
    return {same(model["name"]): model for model in answer["models"]}


def completed(
    deployment: Deployment, transport: Transport, models: tuple[Row, ...], observation: Observation
) -> tuple[Row, ...]:
    """Add the engines' own facts: sizes, and the loaded models; a silent engine adds nothing."""
    by_engine: dict[str, Listed] = {}
    for engine in deployment.engines:
        if not observation.engines.get(engine.name, NOT_ASKED).problem:
            by_engine[engine.name] = listed(deployment, transport, engine)
    return tuple(_completed(row, by_engine.get(row.engine, {}).get(same(row.name))) for row in models)


def _completed(row: Row, said: ListedModel | None) -> Row:
    if said is None:
        return row
    return replace(row, size_bytes=said["size"], digest=said["digest"], loaded=said["loaded"])
