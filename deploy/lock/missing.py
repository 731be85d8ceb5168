"""What a spec needs and its lock has not: each problem is one that `kit lock` mends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploy.errors import Problem
from deploy.images import image_sources
from deploy.lock.model import Lock, ModelLock, PipModelLock, PulledImageLock
from deploy.recipe import Pulled
from deploy.spec.model import Spec
from deploy.spec.models import Model


def missing_inputs(spec: Spec, lock: Lock, path: Path = Path("kit.lock")) -> list[Problem]:
    """Return what the spec needs and the lock has not, or has otherwise; `kit lock` mends each."""
    found = [*_missing_images(spec, lock), *_missing_models(spec, lock), *_missing_adapters(spec, lock)]
    return sorted(Problem(str(path), 0, 0, field, message) for field, message in dict(found).items())


def _missing_images(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for key, image in image_sources(spec).items():
        field = f"images.{key}"
        locked = lock.images.get(key)
        if locked is None:
            yield field, "is not locked yet"
        elif isinstance(image, Pulled) or isinstance(locked, PulledImageLock):
            if isinstance(image, Pulled) != isinstance(locked, PulledImageLock):
                yield field, f"is locked as {locked.source}; this kit does it otherwise"
        elif (locked.suite, locked.python) != (image.suite, image.python):
            yield field, f"is locked for {locked.suite}, this kit builds on {image.suite}"
        elif (locked.requirements, locked.overrides) != (tuple(image.requirements), tuple(image.overrides)):
            asked = ", ".join(sorted(set(image.requirements) - set(locked.requirements))) or "other packages"
            yield field, f"is locked for other requirements; now it needs {asked}"


def _missing_models(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for model in spec.models:
        if not model.is_locked(spec):
            continue
        locked = lock.models.get(model.key)
        field = f"models.{model.key}"
        if locked is None:
            yield field, "is not locked yet"
        elif difference := _difference(model, locked):
            yield field, difference


def _missing_adapters(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for model in spec.models:
        if model.adapter is None:
            continue
        locked, field = lock.adapters.get(model.key), f"adapters.{model.key}"
        if locked is None:
            yield field, "is not locked yet"
        elif (locked.file, locked.sha256) != (model.adapter.file, model.adapter.sha256):
            yield field, f"is locked as {locked.file} with sha256 {locked.sha256[:12]}; kit.yaml says otherwise"


def _difference(model: Model, locked: ModelLock) -> str:
    source = {"tag": model.from_} if isinstance(model.from_, str) else model.from_.model_dump() if model.from_ else {}
    kind = next(iter(source), locked.source)
    if kind != locked.source:
        said = source[kind] if kind == "tag" else f"{{{kind}: {source[kind]}}}"
        return f"is locked from {locked.source}; kit.yaml says {said}"
    kept = locked.model_dump() | ({"pip": locked.package} if isinstance(locked, PipModelLock) else {})
    for key, wanted in source.items():
        if kept.get(key) != wanted:
            return f"is locked with {key} {kept.get(key, 'unknown')}; kit.yaml says {wanted}"
    return ""
