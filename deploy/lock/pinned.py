"""Pins of an earlier lock that stay, and those to renew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.utils import canonicalize_name

from deploy.agent.protocols.doors.names import same
from deploy.deployment.cards import GPU
from deploy.deployment.fetch import Fetch
from deploy.deployment.recipe import ImageSource, Wheel
from deploy.errors import UsageError
from deploy.lock.addresses import entries_of
from deploy.lock.gpus import answered, cards_fault, users_of
from deploy.lock.image_sources import source_of
from deploy.lock.missing import file_fault, image_fault, model_fault
from deploy.lock.model import BuiltImageLock, CardsLock, ImageLock, Lock, ToolkitLock
from deploy.lock.toolkit import NAME as TOOLKIT
from deploy.lock.toolkit import toolkit_fault
from deploy.sources.file.locked import AdapterLock
from deploy.sources.file.written import FileSource
from deploy.sources.lock import ModelLock
from deploy.spec.lineage import lineage
from deploy.spec.model import Spec
from deploy.spec.models import Model
from deploy.spec.placed import containers


@dataclass(frozen=True)
class Upgrade:
    """Pins to renew."""

    everything: bool = False
    images: frozenset[str] = frozenset()
    """Keys of images."""
    models: frozenset[str] = frozenset()
    """Keys of models, and of their adapters."""
    addresses: frozenset[str] = frozenset()
    """Words of `publish`."""
    gpus: bool = False
    """True to ask the hosts for their graphics cards again."""
    toolkit: bool = False
    """True to pin the newest container toolkit of NVIDIA's."""
    packages: frozenset[str] = frozenset()
    """Names of Python packages, in any image or model."""


@dataclass(frozen=True)
class Pinned:
    """An earlier lock, if a readable one exists."""

    lock: Lock | None = None
    upgrade: Upgrade = Upgrade()

    def image(self, source: ImageSource) -> ImageLock | None:
        """Return the entry of an image that stays."""
        entry = self.lock.images.get(source.key) if self.lock else None
        if entry is None or self._is_moved(source.key, self.upgrade.images) or image_fault(source, entry):
            return None
        return None if isinstance(entry, BuiltImageLock) and self._has_moved(entry.wheels) else entry

    def wheels(self, source: ImageSource) -> tuple[Wheel, ...]:
        """Return an image's packages whose versions stay if its requirements allow them."""
        entry = self.lock.images.get(source.key) if self.lock else None
        if not isinstance(entry, BuiltImageLock) or self._is_moved(source.key, self.upgrade.images):
            return ()
        return tuple(wheel for wheel in entry.wheels if wheel.name not in self.upgrade.packages)

    def model(self, model: Model) -> ModelLock | None:
        """Return the entry of a model that stays; one tag is one digest for all models from it."""
        if self.lock is None or self._is_moved(model.key, self.upgrade.models):
            return None
        own = [self.lock.models[model.key]] if model.key in self.lock.models else []
        tags = [entry for entry in self.lock.models.values() if entry.is_shared]
        entry = next((entry for entry in (*own, *tags) if not model_fault(model, entry)), None)
        return None if entry is not None and self._has_moved(entry.wheels) else entry

    def adapter(self, model: Model) -> AdapterLock | None:
        """Return the entry of a model's adapter that stays."""
        return self._file(model, model.adapter, self.lock.adapters if self.lock else {})

    def projector(self, model: Model) -> AdapterLock | None:
        """Return the entry of a model's projector that stays."""
        return self._file(model, model.projector, self.lock.projectors if self.lock else {})

    def _file(self, model: Model, wanted: FileSource | None, entries: Mapping[str, AdapterLock]) -> AdapterLock | None:
        entry = entries.get(model.key)
        is_moved = self._is_moved(model.key, self.upgrade.models)
        return None if entry is None or is_moved or file_fault(wanted, entry) else entry

    def addresses(self, spec: Spec) -> dict[str, tuple[str, ...]]:
        """Return the entries of addresses that stay."""
        locked = self.lock.addresses if self.lock else {}
        wanted = entries_of(spec).items()
        stay = [entry for entry, (_, word) in wanted if not self._is_moved(word, self.upgrade.addresses)]
        return {entry: locked[entry] for entry in stay if entry in locked}

    def gpus(self, spec: Spec) -> dict[str, CardsLock]:
        """Return the entries of cards that stay."""
        locked = self.lock.gpus if self.lock else {}
        stay = {name: use for name, (_, use) in users_of(spec).items() if name in locked}
        if self.upgrade.everything or self.upgrade.gpus:
            return {}
        return {name: locked[name] for name, use in stay.items() if not cards_fault(use, locked[name])}

    @property
    def has_toolkit(self) -> bool:
        """True if NVIDIA's container toolkit is pinned, as it is or to be renewed."""
        return self.lock is not None and self.lock.toolkit is not None

    def toolkit(self, fetch: Fetch) -> ToolkitLock | None:
        """Return the pinned toolkit if it stays."""
        is_moved = self.upgrade.everything or self.upgrade.toolkit
        if self.lock is None or is_moved or toolkit_fault(fetch, self.lock):
            return None
        return self.lock.toolkit

    def _is_moved(self, key: str, moved: frozenset[str]) -> bool:
        return self.upgrade.everything or key in moved

    def _has_moved(self, wheels: Iterable[Wheel]) -> bool:
        return any(wheel.name in self.upgrade.packages for wheel in wheels)


def upgrade_of(names: Sequence[str], spec: Spec, lock: Lock | None) -> Upgrade:
    """Return the pins behind names of services, images, models and packages; UsageError for an unknown name."""
    if not names:
        return Upgrade(everything=True)
    images, models, packages = _images(spec), _models(spec), _packages(lock)
    words = [*spec.address_words, *([GPU] if users_of(spec) else [])]
    words += [TOOLKIT] if lock and lock.toolkit else []
    spec = answered(spec, lock.gpus) if lock else spec
    for name in names:
        if name not in {*images, *models, *words} and canonicalize_name(name) not in packages:
            raise _unknown(name, [*images, *models, *words], packages)
    return Upgrade(
        images=frozenset(key for name in names for key in images.get(name, ())),
        models=frozenset(key for name in names for key in models.get(name, ())),
        addresses=frozenset(names) & frozenset(spec.address_words),
        gpus=GPU in names and GPU in words,
        toolkit=TOOLKIT in names and TOOLKIT in words,
        packages=frozenset(canonicalize_name(name) for name in names) & packages,
    )


def _images(spec: Spec) -> dict[str, list[str]]:
    """Return the keys of images by every name that people use."""
    keys_of: dict[str, list[str]] = {}
    for service in containers(spec):
        key = source_of(spec, service.spec).key
        for name in (service.name, service.spec.kind, key):
            keys_of.setdefault(name, []).append(key)
    return keys_of


def _models(spec: Spec) -> dict[str, list[str]]:
    """Return the keys of models by name, source and the models created from them."""
    made_from = lineage(spec)
    locked = [model for model in spec.models if made_from.is_locked(model) or model.adapter or model.projector]
    keys_of: dict[str, list[str]] = {}
    for model in spec.models:
        line = {each.key for each in (model, *made_from.line(model))}
        keys = [each.key for each in locked if each.key in line]
        # One tag is one digest: what else begins with it moves along.
        tags = [each.source for each in locked if each.key in line and isinstance(each.source, str)]
        spelled = set(map(same, tags))
        keys += [
            each.key
            for each in locked
            if each.key not in line and isinstance(each.source, str) and same(each.source) in spelled
        ]
        for name in (model.name, model.key, *tags, *_places(model)):
            keys_of.setdefault(name, []).extend(keys)
    return {name: keys for name, keys in keys_of.items() if keys}


def _places(model: Model) -> tuple[str, ...]:
    """Return the address, path or package of a model's file."""
    return () if isinstance(model.source, str) else (model.source.place,)


def _packages(lock: Lock | None) -> frozenset[str]:
    built = [image for image in lock.images.values() if isinstance(image, BuiltImageLock)] if lock else []
    entries = [*built, *lock.models.values()] if lock else []
    return frozenset(wheel.name for entry in entries for wheel in entry.wheels)


def _unknown(name: str, known: list[str], packages: frozenset[str]) -> UsageError:
    from deploy.words import did_you_mean

    near = did_you_mean(name, [*known, *sorted(packages)])
    there = ", ".join(dict.fromkeys(known)) or "nothing"
    return UsageError(
        f"no pinned input is called {name}{near}",
        f"name a service, a model or a Python package; beside {len(packages)} packages there are: {there}",
    )
