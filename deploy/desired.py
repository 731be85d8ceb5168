"""The pure half of every verb: kit.yaml and kit.lock to Spec, Deployment and Bundle."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.bundle import Bundle
from deploy.deployment import Deployment
from deploy.errors import SpecError, typed
from deploy.lock.model import Lock, missing_inputs, read_lock
from deploy.render import render
from deploy.resolve import image_requests, resolve
from deploy.spec.loader import load_spec
from deploy.spec.model import Spec


@dataclass(frozen=True)
class Desired:
    """What the files in git say, decided and rendered."""

    path: Path
    spec: Spec
    lock: Lock
    deployment: Deployment
    bundle: Bundle

    def image_requests(self) -> list[dict[str, Any]]:
        """Return what the agent's operation `image` assembles."""
        return image_requests(self.spec, self.lock)


def lock_path(spec_path: Path) -> Path:
    """Return where the lock of a spec lies: beside it."""
    return spec_path.with_name("kit.lock")


def load_desired(path: Path) -> Desired:
    """Read, check, resolve and render; raise SpecError with every problem, touching no host."""
    spec = load_spec(path)
    lock = read_lock(lock_path(path), path)
    problems = missing_inputs(spec, lock, lock_path(path))
    if problems:
        raise SpecError(problems, f"type: kit lock {typed(path)}")
    deployment = resolve(spec, lock)
    overrides = path.parent / "templates"
    return Desired(path, spec, lock, deployment, render(deployment, overrides if overrides.is_dir() else None))
