"""Inputs of an image, and the digest over all of them; the agent assembles it, nothing is run to build it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.agent.inputs.layers import ASSEMBLER
from deploy.reference import pull_name

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import BuiltImage, PulledImage
    from deploy.agent.contract.inputs import Wheel as WheelRequest

VENV = "/opt/venv"
"""Folder of an image's wheels, as a virtual environment of its own Python."""
PATH = f"{VENV}/bin:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True, order=True)
class Wheel:
    """A pinned wheel."""

    name: str
    version: str
    file: str
    sha256: str
    size: int
    """Size in bytes."""

    def request(self) -> WheelRequest:
        """Return the wheel as the agent reads it."""
        return {
            "name": self.name,
            "version": self.version,
            "file": self.file,
            "sha256": self.sha256,
            "size": self.size,
        }


@dataclass(frozen=True)
class Recipe:
    """Assembly of one kind's image; data, the same on every machine."""

    kind: str
    suite: str
    debian: tuple[str, ...]
    """Names of Debian packages, beside the essential ones."""
    python: str | None = None
    """Python version of the suite, for an image with wheels."""
    requirements: tuple[str, ...] = ()
    """Requirements for the package index, as `name[extra]==version`."""
    overrides: tuple[str, ...] = ()
    """Required packages to leave out, each with a marker that is never true."""
    bytecode: tuple[str, ...] = ()
    """Packages that its start loads, by the names of their folders: they are compiled once, not at every start."""
    environment: dict[str, str] = field(default_factory=lambda: {"LANG": "C.UTF-8", "PATH": PATH})

    @property
    def key(self) -> str:
        """Return the name of its entry in kit.lock."""
        return self.kind


@dataclass(frozen=True)
class Pulled:
    """An image of a registry, by the reference that a person would pull."""

    kind: str
    reference: str

    @property
    def key(self) -> str:
        """Return the name of its entry in kit.lock."""
        return self.reference


ImageSource = Recipe | Pulled


def recipe_digest(recipe: Recipe, wheels: tuple[Wheel, ...], platform: str) -> str:
    """Return the digest of all inputs; places to fetch from are not part of it."""
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


def image_request(recipe: Recipe, wheels: tuple[Wheel, ...], platform: str) -> BuiltImage:
    """Return the request of the agent's operation `image` to assemble it."""
    digest = recipe_digest(recipe, wheels, platform)
    return {
        "kind": recipe.kind,
        "tag": f"kit/{recipe.kind}:{digest}",
        "digest": digest,
        "suite": recipe.suite,
        "debian": sorted(recipe.debian),
        "python": recipe.python,
        "wheels": [wheel.request() for wheel in sorted(wheels)],
        "bytecode": sorted(recipe.bytecode),
        "entrypoint": [],
        "environment": recipe.environment,
        "workdir": "/",
        "labels": {},
    }


def pull_request(kind: str, repository: str, digest: str, size: int, mirrors: Mapping[str, str]) -> PulledImage:
    """Return the request of the agent's operation `image` to pull it by digest, independent of later tags."""
    return {
        "kind": kind,
        "reference": f"kit/{kind}:{digest}",
        "pull": {"from": pull_name(repository, f"sha256:{digest}", mirrors), "size": size},
    }
