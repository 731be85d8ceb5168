"""Work of `kit lock`: ask the package index, read the models' files, and pin the results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from deploy import __version__
from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import ImageSource, Pulled, Recipe, Wheel
from deploy.hosts.reach import Hosts, reach
from deploy.lock.addresses import asked_addresses
from deploy.lock.gpus import answered, asked_cards
from deploy.lock.image_sources import image_sources
from deploy.lock.missing import model_fault
from deploy.lock.model import (
    FORMAT,
    PLATFORM,
    BuiltImageLock,
    CardsLock,
    ImageLock,
    Lock,
    PulledImageLock,
    ToolkitLock,
)
from deploy.lock.pinned import Pinned
from deploy.lock.toolkit import NAME as TOOLKIT
from deploy.lock.toolkit import is_wanted, pin_toolkit
from deploy.registries.pypi import trusted
from deploy.registries.registry import resolve_image
from deploy.registries.wheels import resolve_wheels
from deploy.sources.file.locked import AdapterLock, pin_beside
from deploy.sources.file.written import FileSource
from deploy.sources.lock import ModelLock, pin
from deploy.sources.pip.wheels import entries
from deploy.sources.weights.locked import Asking
from deploy.sources.weights.measured import Said
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model
from deploy.spec.placed import ways_of

Teller = Callable[[str], Said]
"""Opens the progress of a step."""


def make_lock(spec: Spec, folder: Path, step: Teller, pinned: Pinned | None = None, hosts: Hosts | None = None) -> Lock:
    """Pin every moving input of a spec whose relative paths begin at a folder; what is pinned already stays.

    Args:
        spec: what is wanted.
        folder: where relative paths begin.
        step: told what is asked for.
        pinned: an earlier lock.
        hosts: the hosts, which are asked for their addresses; those of the spec if none are given.
    """
    pinned = pinned or Pinned()
    fetch = places_to_fetch_from(spec)
    trusted(fetch)
    kept, hosts = pinned.addresses(spec), hosts or reach(ways_of(spec, folder))
    addresses = kept | asked_addresses(spec, kept, hosts)
    gpus = pinned.gpus(spec)
    asked = asked_cards(spec, gpus, hosts)
    gpus |= asked.entries
    spec = answered(spec, gpus)
    images: dict[str, ImageLock] = {
        key: pinned.image(image) or _image(image, fetch, step, pinned)
        for key, image in sorted(image_sources(spec).items())
    }
    lock = Lock(
        format=FORMAT,
        kit=__version__,
        platform=PLATFORM,
        images=images,
        models=_models(spec, folder, step, pinned),
        adapters=_adapters(spec, folder, step, pinned),
        projectors=_projectors(spec, folder, step, pinned),
        addresses=addresses,
        gpus=gpus,
        toolkit=_toolkit(gpus, fetch, step, pinned, is_asked_for=asked.lacks_toolkit),
    )
    before = pinned.lock
    # Another release of the kit that pins the same things leaves the file alone.
    return before if before and lock.model_copy(update={"kit": before.kit}) == before else lock


def _toolkit(
    gpus: Mapping[str, CardsLock], fetch: Fetch, step: Teller, pinned: Pinned, *, is_asked_for: bool
) -> ToolkitLock | None:
    if not is_wanted(gpus):
        return None
    if kept := pinned.toolkit(fetch):
        return kept
    if not is_asked_for and not pinned.has_toolkit:
        return None
    step(TOOLKIT)("asking for its packages", 0, None)
    return pin_toolkit(fetch)


def _adapters(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, AdapterLock]:
    return {
        model.key: pinned.adapter(model) or _beside("adapter", spec, model, model.adapter, folder, step)
        for model in spec.models
        if model.adapter
    }


def _projectors(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, AdapterLock]:
    return {
        model.key: pinned.projector(model) or _beside("projector", spec, model, model.projector, folder, step)
        for model in spec.models
        if model.projector
    }


def _models(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, ModelLock]:
    models: dict[str, ModelLock] = {}
    for model in filter(lineage(spec).is_locked, spec.models):
        # A tag that moves between two questions must not be two digests.
        asked = (entry for entry in models.values() if entry.is_shared and not model_fault(model, entry))
        models[model.key] = pinned.model(model) or next(asked, None) or _model(spec, model, folder, step)
    return models


def _image(image: ImageSource, fetch: Fetch, step: Teller, pinned: Pinned) -> ImageLock:
    return _built(image, fetch, step, pinned) if isinstance(image, Recipe) else _pulled(image, fetch, step)


def _pulled(image: Pulled, fetch: Fetch, step: Teller) -> PulledImageLock:
    step(f"image {image.kind}")(f"asking for {image.reference}", 0, None)
    resolved = resolve_image(image.reference, fetch)
    digest = resolved.digest.removeprefix("sha256:")
    return PulledImageLock(source="pull", repository=resolved.repository, digest=digest, size=resolved.size_bytes)


def _built(recipe: Recipe, fetch: Fetch, step: Teller, pinned: Pinned) -> BuiltImageLock:
    wheels: tuple[Wheel, ...] = ()
    if recipe.python is not None and recipe.requirements:
        step(f"image {recipe.kind}")(f"resolving {', '.join(recipe.requirements)}", 0, None)
        known = pinned.wheels(recipe)
        wheels = resolve_wheels(recipe.requirements, recipe.overrides, recipe.python, fetch, known)
    return BuiltImageLock(
        source="build",
        suite=recipe.suite,
        python=recipe.python,
        requirements=recipe.requirements,
        overrides=recipe.overrides,
        wheels=entries(wheels),
    )


def _model(spec: Spec, model: Model, folder: Path, step: Teller) -> ModelLock:
    what = f"model {model.name}"
    return pin(model.source, Asking(what, folder, places_to_fetch_from(spec), step(what)))


def _beside(kind: str, spec: Spec, model: Model, source: FileSource, folder: Path, step: Teller) -> AdapterLock:
    said = step(f"{kind} of {model.name}")
    what = f"the {kind} of model {model.name}"
    return pin_beside(source, Asking(what, folder, places_to_fetch_from(spec), said))
