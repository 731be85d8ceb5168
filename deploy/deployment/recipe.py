"""What an image is made of, and the digest over all of it; the agent assembles it, nothing is run to build it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.agent.inputs.layers import ASSEMBLER
from deploy.reference import pull_name

VENV = "/opt/venv"
"""Where an image's wheels lie, as a virtual environment of its own Python."""
PATH = f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, order=True)
class Wheel:
    """One wheel, pinned."""

    name: str
    version: str
    file: str
    sha256: str
    size: int
    """In bytes."""


@dataclass(frozen=True)
class Recipe:
    """How one kind's image is assembled; data, the same on every machine."""

    kind: str
    suite: str
    debian: tuple[str, ...]
    """Names of Debian packages, beside the essential ones."""
    python: str | None = None
    """Python version of the suite, where wheels go in."""
    requirements: tuple[str, ...] = ()
    """What is asked of the package index, as `name[extra]==version`."""
    overrides: tuple[str, ...] = ()
    """Packages to leave out although they are asked for, each with a marker that is never true."""
    bytecode: tuple[str, ...] = ()
    """Packages that its start loads, by the names of their folders: they are compiled once, not at every start."""
    environment: dict[str, str] = field(default_factory=lambda: {"LANG": "C.UTF-8", "PATH": PATH})

    @property
    def key(self) -> str:
        """Name of its entry in kit.lock."""
        return self.kind


@dataclass(frozen=True)
class Pulled:
    """An image that a registry has, by the reference that a person would pull."""

    kind: str
    reference: str

    @property
    def key(self) -> str:
        """Name of its entry in kit.lock."""
        return self.reference


ImageSource = Recipe | Pulled


def recipe_digest(recipe: Recipe, wheels: tuple[Wheel, ...], platform: str) -> str:
    """Return the digest of everything that goes in; places to fetch from are not part of it."""
    parts = {
        "assembler": ASSEMBLER,
        "platform": platform,
        "kind": recipe.kind,
        "suite": recipe.suite,
        "debian": sorted(recipe.debian),
        "python": recipe.python,
        "environment": recipe.environment,
        "wheels": sorted((wheel.file, wheel.sha256) for wheel in wheels),
    }
    # Left out where there is none, so that an image without any keeps its name.
    parts |= {"bytecode": sorted(recipe.bytecode)} if recipe.bytecode else {}
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def image_request(recipe: Recipe, wheels: tuple[Wheel, ...], platform: str) -> dict[str, Any]:
    """Return what the agent's operation `image` needs to assemble it."""
    digest = recipe_digest(recipe, wheels, platform)
    return {
        "kind": recipe.kind,
        "tag": f"kit/{recipe.kind}:{digest}",
        "digest": digest,
        "suite": recipe.suite,
        "debian": sorted(recipe.debian),
        "python": recipe.python,
        "wheels": [asdict(wheel) for wheel in sorted(wheels)],
        "bytecode": sorted(recipe.bytecode),
        "entrypoint": [],
        "environment": recipe.environment,
        "workdir": "/",
        "labels": {},
    }


def pull_request(kind: str, repository: str, digest: str, size: int, mirror: str | None) -> dict[str, Any]:
    """Return what the agent's operation `image` needs to pull it: by digest, whatever a tag says by then."""
    return {
        "kind": kind,
        "reference": f"kit/{kind}:{digest}",
        "pull": {"from": pull_name(repository, f"sha256:{digest}", mirror), "size": size},
    }
