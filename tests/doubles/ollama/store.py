"""Models on disk, in the layout of the real engine: manifests by name, blobs by the sha256 of their bytes."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from tests.doubles.ollama.golang import compact
from tests.doubles.ollama.names import Name, of_path

PIECE = 1 << 20
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
KIND = "application/vnd.ollama.image."
UNUSED_FOR_SECONDS = 3600
SMALL = 1 << 12
"""Texts and parameters fit anywhere."""


class FullError(OSError):
    """The disk has no room."""

    def __str__(self) -> str:
        return str(self.strerror)


class InvalidDigestError(ValueError):
    """The digest is not spelled as one."""


@dataclass
class Layer:
    """One layer of a manifest; `status` is what the making of it said."""

    media: str
    digest: str
    size: int
    origin: str = ""
    status: str = ""

    @property
    def kind(self) -> str:
        """Kind of the part: model, template, system, params, messages, license."""
        return self.media.removeprefix(KIND)

    def document(self) -> dict[str, Any]:
        """Return it as a manifest writes it."""
        return {"mediaType": self.media, "digest": self.digest, "size": self.size} | (
            {"from": self.origin} if self.origin else {}
        )


@dataclass(frozen=True)
class Manifest:
    """Parts of a model, and the sha256 of the file that lists them."""

    config: Layer | None
    layers: tuple[Layer, ...]
    digest: str
    modified: float

    @property
    def parts(self) -> tuple[Layer, ...]:
        """Every layer and the configuration."""
        return self.layers + ((self.config,) if self.config else ())

    @property
    def size(self) -> int:
        """Size of all parts, in bytes."""
        return sum(part.size for part in self.parts)

    def of_kind(self, kind: str) -> list[Layer]:
        """Return the layers of one kind."""
        return [layer for layer in self.layers if layer.kind == kind]


class Store:
    """One folder of models."""

    def __init__(self, root: Path, disk_bytes: int | None = None) -> None:
        self.root = root
        self._disk_bytes = disk_bytes
        self.blobs = root / "blobs"
        self.manifests = root / "manifests"
        for folder in (self.blobs, self.manifests):
            folder.mkdir(parents=True, exist_ok=True)

    def blob(self, digest: str) -> Path:
        """Return where a blob lies, whether it is there or not."""
        if not re.fullmatch(r"sha256[:-][0-9a-fA-F]{64}", digest):
            raise InvalidDigestError("invalid digest format")
        return self.blobs / digest.replace(":", "-")

    def text(self, layer: Layer) -> str:
        """Return a small layer's text."""
        return self.blob(layer.digest).read_text()

    @contextlib.contextmanager
    def writing(self) -> Iterator[IO[bytes]]:
        """Give a file that is gone afterwards, unless it was kept as a blob."""
        self.blobs.mkdir(parents=True, exist_ok=True)
        descriptor, path = tempfile.mkstemp(prefix="sha256-", dir=self.blobs)
        try:
            os.close(descriptor)
            with Path(path).open("w+b") as output:
                yield output
        finally:
            Path(path).unlink(missing_ok=True)

    def ensure_room(self, size: int) -> None:
        """Refuse what a full disk would not take."""
        state = os.statvfs(self.blobs)
        free = state.f_bavail * state.f_frsize
        if self._disk_bytes is not None:
            free = self._disk_bytes - sum(path.stat().st_size for path in self.blobs.iterdir())
        if size > free:
            raise FullError(errno.ENOSPC, f"write {self.blobs}/sha256-double: no space left on device")

    def keep(self, pieces: Iterable[bytes], media: str = "") -> Layer:
        """Write a blob under the name that its bytes have."""
        hashed, size = hashlib.sha256(), 0
        with self.writing() as output:
            for piece in pieces:
                if len(piece) > SMALL:
                    self.ensure_room(len(piece))
                output.write(piece)
                hashed.update(piece)
                size += len(piece)
            output.flush()
            digest = f"sha256:{hashed.hexdigest()}"
            path, status = self.blob(digest), "using existing layer"
            if not path.exists():
                status = "creating new layer"
                Path(output.name).rename(path)
                path.chmod(0o644)
        os.utime(path)
        return Layer(media, digest, size, status=f"{status} {digest}")

    def adopt(self, digest: str, media: str, origin: str) -> Layer:
        """Return a layer of a blob that is there already."""
        path = self.blob(digest)
        try:
            size = path.stat().st_size
        except FileNotFoundError:
            raise FileNotFoundError(f"open {path}: no such file or directory") from None
        os.utime(path)
        return Layer(media, digest, size, origin, f"using existing layer {digest}")

    def models(self) -> dict[Name, Manifest]:
        """Return every model; what cannot be read is passed over."""
        found: dict[Name, Manifest] = {}
        for path in sorted(self.manifests.glob("*/*/*/*")):
            name = of_path(path.relative_to(self.manifests))
            with contextlib.suppress(ValueError, KeyError, OSError):
                found[name] = self.manifest(name)
        return found

    def manifest(self, name: Name) -> Manifest:
        """Return one model's manifest."""
        path = self.manifests / name.path
        content = path.read_bytes()
        document = json.loads(content)

        def layer(part: dict[str, Any]) -> Layer:
            return Layer(part["mediaType"], part["digest"], part["size"], part.get("from", ""))

        config = layer(document["config"]) if document.get("config", {}).get("digest") else None
        layers = tuple(map(layer, document["layers"]))
        return Manifest(config, layers, hashlib.sha256(content).hexdigest(), path.stat().st_mtime)

    def existing(self, name: Name) -> Name:
        """Return the name with the capitals that names already there have, part by part."""
        parts = {part: getattr(name, part) for part in ("host", "namespace", "model", "tag")}
        for other in self.models():
            for part, value in parts.items():
                if getattr(other, part).lower() == value.lower():
                    parts[part] = getattr(other, part)
        return Name(**parts, scheme=name.scheme)

    def write(self, name: Name, config: Layer, layers: Iterable[Layer]) -> None:
        """Write a model's manifest, byte for byte as the real engine does."""
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.document(),
            "layers": [layer.document() for layer in layers],
        }
        self.write_bytes(name, (compact(document) + "\n").encode())

    def write_bytes(self, name: Name, content: bytes) -> None:
        """Write a manifest as it came."""
        path = self.manifests / name.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def remove(self, name: Name) -> None:
        """Take a model away, and the blobs that no other one uses."""
        gone = self.manifest(name)
        path = self.manifests / name.path
        path.unlink()
        for folder in path.relative_to(self.manifests).parents:
            with contextlib.suppress(OSError):
                (self.manifests / folder).rmdir()
        self.manifests.mkdir(exist_ok=True)
        self.drop_unused(gone.parts)

    def drop_unused(self, layers: Iterable[Layer]) -> None:
        """Remove the blobs of these layers, except those that a model uses."""
        used = {part.digest for manifest in self.models().values() for part in manifest.parts}
        for layer in layers:
            if layer.digest not in used:
                self.blob(layer.digest).unlink(missing_ok=True)

    def prune(self) -> None:
        """At start: remove old blobs that no model names, and what is no blob."""
        manifests = [path for path in self.manifests.glob("*/*/*/*") if path.is_file()]
        if len(manifests) != len(self.models()):
            return
        used = {part.digest.replace(":", "-") for manifest in self.models().values() for part in manifest.parts}
        for path in self.blobs.iterdir():
            old = path.stat().st_mtime < time.time() - UNUSED_FOR_SECONDS
            if old and path.name not in used:
                path.unlink()
