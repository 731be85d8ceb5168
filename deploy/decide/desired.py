"""The pure half of every verb: kit.yaml and kit.lock to Spec, Deployment and Bundle."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.line import Line
from deploy.decide.remembered import keep, recall, surroundings
from deploy.deployment.bundle import Bundle
from deploy.deployment.host import Deployment
from deploy.errors import SpecError
from deploy.source_files import recorded

if TYPE_CHECKING:
    from deploy.lock.model import Lock
    from deploy.spec.model import Spec

LOCK = "kit.lock"


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
        from deploy.decide.images import image_requests

        return image_requests(self.spec, self.lock)


def lock_path(spec_path: Path) -> Path:
    """Return where the lock of a spec lies: beside it."""
    return spec_path.with_name(LOCK)


def load_desired(path: Path) -> Desired:
    """Read, check, resolve and render; raise SpecError with every problem, touching no host."""
    from deploy.decide.render import render
    from deploy.decide.resolve import resolve

    spec, lock = _read(path)
    deployment = resolve(spec, lock)
    overrides = path.parent / "templates"
    bundle = render(deployment, overrides if overrides.is_dir() else None)
    return Desired(path, deployment, bundle, lambda: (spec, lock))


def recall_desired(path: Path) -> Desired:
    """Return the same as `load_desired`, as an earlier run kept it where nothing that it was made of changed since."""
    if kept := recall(path):
        return Desired(path, *kept, cache(lambda: _read(path)))
    before = surroundings(path)
    with recorded() as inputs:
        desired = load_desired(path)
    # A template may have changed while it was read: then the digest is of neither the old nor the new.
    if before is not None and before == surroundings(path):
        keep(path, before, inputs, desired.deployment, desired.bundle)
    return desired


def _read(path: Path) -> tuple[Spec, Lock]:
    from deploy.lock.contexts import contexts_fit
    from deploy.lock.missing import missing_inputs
    from deploy.lock.model import read_lock
    from deploy.lock.renderers import templates_are_used
    from deploy.spec.loading.loader import load_spec, told_at

    spec = load_spec(path)
    lock = read_lock(lock_path(path), path)
    problems = missing_inputs(spec, lock, lock_path(path))
    if problems:
        raise SpecError(problems, f"type: {Line('lock', spec=path)}")
    if findings := [*contexts_fit(spec, lock), *templates_are_used(spec, lock)]:
        raise SpecError(told_at(path, findings))
    return spec, lock
