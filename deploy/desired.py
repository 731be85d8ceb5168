"""The pure half of every verb: kit.yaml and kit.lock to Spec, Deployment and Bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.bundle import Bundle
from deploy.deployment import Deployment
from deploy.errors import SpecError, typed
from deploy.kept import inputs_key, keep, recall

if TYPE_CHECKING:
    from deploy.lock.model import Lock
    from deploy.spec.model import Spec


@dataclass(frozen=True)
class Desired:
    """What the files in git say, decided and rendered."""

    path: Path
    deployment: Deployment
    bundle: Bundle
    sources: Callable[[], tuple[Spec, Lock]]
    """Read when they are asked for: what was kept from an earlier run needs them no more."""

    @property
    def spec(self) -> Spec:
        """What kit.yaml says."""
        return self.sources()[0]

    @property
    def lock(self) -> Lock:
        """What kit.lock says."""
        return self.sources()[1]

    def image_requests(self) -> list[dict[str, Any]]:
        """Return what the agent's operation `image` assembles."""
        from deploy.images import image_requests

        return image_requests(self.spec, self.lock)


def lock_path(spec_path: Path) -> Path:
    """Return where the lock of a spec lies: beside it."""
    return spec_path.with_name("kit.lock")


def load_desired(path: Path) -> Desired:
    """Read, check, resolve and render; raise SpecError with every problem, touching no host."""
    from deploy.render import render
    from deploy.resolve import resolve

    spec, lock = _read(path)
    deployment = resolve(spec, lock)
    overrides = path.parent / "templates"
    bundle = render(deployment, overrides if overrides.is_dir() else None)
    return Desired(path, deployment, bundle, lambda: (spec, lock))


def recall_desired(path: Path) -> Desired:
    """Return the same as `load_desired`, as an earlier run kept it where nothing that it was made of changed since."""
    key = inputs_key(path, lock_path(path))
    if key is not None and (kept := recall(key)):
        return Desired(path, *kept, cache(lambda: _read(path)))
    desired = load_desired(path)
    # A file may have changed while it was read: then the digest is of neither the old nor the new.
    if key is not None and key == inputs_key(path, lock_path(path)):
        keep(key, _named_files(path), desired.deployment, desired.bundle)
    return desired


def _read(path: Path) -> tuple[Spec, Lock]:
    from deploy.lock.missing import missing_inputs
    from deploy.lock.model import read_lock
    from deploy.spec.loader import load_spec

    spec = load_spec(path)
    lock = read_lock(lock_path(path), path)
    problems = missing_inputs(spec, lock, lock_path(path))
    if problems:
        raise SpecError(problems, f"type: kit lock {typed(path)}")
    return spec, lock


def _named_files(path: Path) -> Iterator[Path]:
    """Return every file that a text of kit.yaml could mean, whichever field it stands in."""
    from deploy.spec.loader import LARGEST
    from deploy.spec.tree import read_document

    for text in _texts(read_document(path, LARGEST, "").data):
        if len(text) < 4096 and "\n" not in text and (path.parent / text).is_file():
            yield path.parent / text


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)
