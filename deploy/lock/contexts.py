"""Contexts in kit.yaml, checked against the length that each model was trained for, if kit.lock has it."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.lock.model import Lock
from deploy.spec.checks.finding import Finding
from deploy.spec.lineage import Lineage, lineage
from deploy.spec.model import Engine, Spec
from deploy.spec.models import Model


def trained_length(models: Spec | Lineage, lock: Lock, model: Model) -> int | None:
    """Return the longest context that a model was trained for, in tokens; None if unknown."""
    made_from = models if isinstance(models, Lineage) else lineage(models)
    for first in made_from.line(model):
        model = first
    locked = lock.models.get(model.key)
    if locked is None:
        return None
    return locked.trained_length


def contexts_fit(spec: Spec, lock: Lock) -> Iterator[Finding]:
    """Yield each context that is longer than a model can use: an engine cuts it in silence, or keeps memory for it."""
    made_from = lineage(spec)
    for index, model in enumerate(spec.models):
        trained = trained_length(made_from, lock, model) if model.num_ctx is not None else None
        if model.num_ctx is not None and trained is not None and model.num_ctx > trained:
            yield Finding(("models", index, "num_ctx"), _told(model.num_ctx, model.name, trained))
    for index, engine in enumerate(spec.engines):
        length = getattr(engine, "context_length", None)
        longest = _longest(spec, made_from, lock, engine) if length is not None else None
        if length is not None and longest is not None and length > longest[0]:
            yield Finding(("engines", index, "context_length"), _told(length, longest[1], longest[0]))


def _longest(spec: Spec, made_from: Lineage, lock: Lock, engine: Engine) -> tuple[int, str] | None:
    """Return the engine's model with the longest context; None if the context of any model is unknown."""
    lengths = [
        (trained_length(made_from, lock, model), model.name) for model in spec.models if model.engine == engine.name
    ]
    known = [(length, name) for length, name in lengths if length is not None]
    return max(known) if known and len(known) == len(lengths) else None


def _told(wanted: int, name: str, trained: int) -> str:
    return f"{wanted} is more than {name} was trained for; write at most {trained}"
