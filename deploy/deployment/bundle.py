"""A host's rendered files with their digests, a manifest, and one digest over all."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy import __version__

if TYPE_CHECKING:
    from deploy.agent.contract.released import Manifest

MANIFEST_FORMAT = 1
PRIVATE = "0400"
"""Mode of a file that may hold a token, such as an address to call."""


@dataclass(frozen=True)
class File:
    """A rendered file; its path is relative to the stack's root, or to the release if it has no folder."""

    path: str
    content: str
    mode: str = "0444"

    @property
    def sha256(self) -> str:
        """Return the digest of the bytes."""
        return hashlib.sha256(self.content.encode()).hexdigest()


@dataclass(frozen=True)
class Bundle:
    """The rendered files of one host, under one digest."""

    stack: str
    files: tuple[File, ...]
    services: dict[str, dict[str, Any]]
    """Service to its block's digest, its image, and the digests of the parts, for causes in words."""

    @property
    def manifest(self) -> Manifest:
        """Return the content of the release; a release is what its manifest says."""
        return {
            "format": MANIFEST_FORMAT,
            "kit": __version__,
            "stack": self.stack,
            "files": [
                {"path": file.path, "sha256": file.sha256, "mode": file.mode, "owner": "0:0"} for file in self.files
            ],
            "services": self.services,
        }

    @property
    def manifest_text(self) -> str:
        """Return the manifest's bytes, whose sha256 is the release's digest."""
        return canonical_json(self.manifest)

    @property
    def release(self) -> str:
        """Return the digest of the release."""
        return hashlib.sha256(self.manifest_text.encode()).hexdigest()

    def placed(self) -> tuple[File, ...]:
        """Return every file with its path from the stack's root, the manifest included."""
        own = File("manifest.json", self.manifest_text)
        return tuple(File(self.placed_path(file.path), file.content, file.mode) for file in (*self.files, own))

    def placed_path(self, path: str) -> str:
        """Return a manifest's path relative to the stack's root."""
        return path if path.startswith("files/") else f"releases/{self.release}/{path}"


def canonical_json(value: object) -> str:
    """Return a value as JSON in which equal values are equal bytes."""
    return json.dumps(value, sort_keys=True, indent=1, ensure_ascii=False) + "\n"


def digest(value: object) -> str:
    """Return the sha256 of a JSON value."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
