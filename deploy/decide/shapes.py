"""Shapes of an engine's models, from the headers that kit.lock keeps of their files."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.deployment.memory import Shape
from deploy.fit.shape import UNREAD, UnknownShapeError, shape_of
from deploy.gguf import ARCHITECTURE
from deploy.lock.model import Lock
from deploy.spec.lineage import Lineage
from deploy.spec.model import Engine
from deploy.spec.models import Model

QUANTISED = "its engine quantises its file, and the size is known afterwards"


def shapes_of(engine: Engine, lock: Lock, models: list[Model]) -> Mapping[str, Shape | str]:
    """Return the shape of each of an engine's models by its name, or the reason why it is unknown."""
    made_from = Lineage(models, {engine.name} if engine.models_are == "created" else ())
    return {model.name: _shape(made_from, lock, model) for model in models}


def _shape(made_from: Lineage, lock: Lock, model: Model) -> Shape | str:
    line = (model, *made_from.line(model))
    if any(each.quantize for each in line):
        return QUANTISED
    locked = lock.models.get(line[-1].key)
    if locked is None or locked.trained_length is None or not locked.header:
        return UNREAD
    more = [
        entries[each.key].size for each in line for entries in (lock.adapters, lock.projectors) if each.key in entries
    ]
    # A lock of an earlier kit has the architecture of a file beside its header alone.
    architecture = locked.architecture or str(locked.header.get(ARCHITECTURE, ""))
    try:
        return shape_of(architecture, locked.header, locked.size, locked.trained_length, sum(more))
    except UnknownShapeError as problem:
        return str(problem)
