"""An additional model in a kit.yaml: findings of the whole file's checks about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import yaml

from deploy.agent.protocols.doors.names import same
from deploy.reading.validation import attempt
from deploy.spec.checks.crosschecks import findings
from deploy.spec.model import ENGINES, Spec
from deploy.spec.models import Model


def of_addition(entry: Mapping[str, object], spec: Spec | None) -> Iterator[tuple[str, str]]:
    """Yield the key and the message of each finding about an entry of `models` that is valid by itself.

    Without a kit.yaml that has its engine, the entry is checked with a new engine that creates models.
    """
    model, _ = attempt(Model, dict(entry))
    has_engine = spec is not None and any(engine.name == entry["engine"] for engine in spec.engines)
    whole = spec if has_engine else _smallest(str(entry["engine"]))
    if model is None or whole is None:
        return
    others = tuple(other for other in whole.models if not _is_same(other, model))
    place = len(others)
    for finding in findings(whole.model_copy(update={"models": (*others, model)})):
        if finding.path[:2] == ("models", place) and len(finding.path) > 2:
            yield str(finding.path[2]), finding.text()


def is_taken(entry: Mapping[str, object], spec: Spec | None) -> bool:
    """Return True if a kit.yaml has a model of that name on that engine."""
    model, _ = attempt(Model, dict(entry))
    return model is not None and spec is not None and any(_is_same(other, model) for other in spec.models)


def _is_same(model: Model, another: Model) -> bool:
    return model.engine == another.engine and same(model.name) == same(another.name)


def _smallest(name: str) -> Spec | None:
    """Return the smallest kit.yaml with an engine of this name that creates models."""
    for engine in ENGINES:
        data = {"kit": 1, "stack": "home", "engines": [yaml.safe_load(engine.shortest) | {"name": name}]}
        spec, _ = attempt(Spec, data | {"models": [], "gateway": None, "webui": None, "backup": None})
        if spec is not None and spec.engines[0].models_are == "created":
            return spec
    return None
