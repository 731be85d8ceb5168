"""Inputs that a spec needs and its lock lacks: `kit lock` mends each of these problems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploy.deployment.recipe import ImageSource, Pulled
from deploy.errors import Problem
from deploy.lock.addresses import entries_of
from deploy.lock.gpus import missing_cards
from deploy.lock.image_sources import image_sources
from deploy.lock.model import ImageLock, Lock, PulledImageLock
from deploy.lock.toolkit import toolkit_fault
from deploy.sources.file.locked import AdapterLock
from deploy.sources.file.written import FileSource
from deploy.sources.lock import ModelLock, written_text, written_values
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model


def missing_inputs(spec: Spec, lock: Lock, path: Path = Path("kit.lock")) -> list[Problem]:
    """Return the inputs that the lock lacks, or has in another form; `kit lock` mends each."""
    faults = [
        *_missing_images(spec, lock),
        *_missing_models(spec, lock),
        *_missing_files(spec, lock),
        *(("toolkit", fault) for fault in [toolkit_fault(places_to_fetch_from(spec), lock)] if fault),
        *((f"gpus.{name}", fault) for name, fault in missing_cards(spec, lock).items()),
        *((f"addresses.{entry}", "is not locked yet") for entry in entries_of(spec) if entry not in lock.addresses),
    ]
    return sorted(Problem(str(path), 0, 0, field, message) for field, message in dict(faults).items())


def _missing_images(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for key, image in image_sources(spec).items():
        locked = lock.images.get(key)
        if fault := "is not locked yet" if locked is None else image_fault(image, locked):
            yield f"images.{key}", fault


def image_fault(image: ImageSource, locked: ImageLock) -> str:
    """Return the difference between an image's entry and its source; empty if they agree."""
    if isinstance(image, Pulled) or isinstance(locked, PulledImageLock):
        is_other = isinstance(image, Pulled) != isinstance(locked, PulledImageLock)
        return (
            f"is locked as {locked.source}; this kit {'pulls' if isinstance(image, Pulled) else 'builds'} it"
            if is_other
            else ""
        )
    if (locked.suite, locked.python) != (image.suite, image.python):
        return f"is locked for {locked.suite}, this kit builds on {image.suite}"
    if (locked.requirements, locked.overrides) != (tuple(image.requirements), tuple(image.overrides)):
        asked = ", ".join(sorted(set(image.requirements) - set(locked.requirements))) or "other packages"
        return f"is locked for other requirements; now it needs {asked}"
    return ""


def _missing_models(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for model in filter(lineage(spec).is_locked, spec.models):
        locked = lock.models.get(model.key)
        if fault := "is not locked yet" if locked is None else model_fault(model, locked):
            yield f"models.{model.key}", fault


def _missing_files(spec: Spec, lock: Lock) -> Iterator[tuple[str, str]]:
    for model in spec.models:
        kinds = {"adapters": (model.adapter, lock.adapters), "projectors": (model.projector, lock.projectors)}
        for kind, (wanted, entries) in kinds.items():
            locked = entries.get(model.key)
            fault = "is not locked yet" if locked is None else file_fault(wanted, locked)
            if wanted is not None and fault:
                yield f"{kind}.{model.key}", fault


def file_fault(wanted: FileSource | None, locked: AdapterLock) -> str:
    """Return the difference between an adapter's or a projector's entry and kit.yaml; empty if they agree."""
    if wanted is not None and (locked.file, locked.sha256) == (wanted.file, wanted.sha256):
        return ""
    return f"is locked as {locked.file} with sha256 {locked.sha256[:12]}; kit.yaml names another file"


def model_fault(model: Model, locked: ModelLock) -> str:
    """Return the difference between a model's entry and its source; empty if they agree."""
    source = written_values(model.source)
    kind = next(iter(source), locked.source)
    if kind != locked.source:
        return f"is locked from {locked.source}; kit.yaml says {written_text(model.source)}"
    kept = locked.written
    for key, wanted in source.items():
        if kept.get(key) != wanted:
            return f"is locked with {key} {kept.get(key, 'unknown')}; kit.yaml says {wanted}"
    return ""
