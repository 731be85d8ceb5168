"""Layers and images as bytes: one order, one time, numeric owners; the same input gives the same image id anywhere."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import BuiltImage

# Part of every recipe digest: it changes when this file or the assembling changes what comes out.
EPOCH = 1704067200
CREATED = "2024-01-01T00:00:00Z"
PIECE = 1 << 20


@dataclass(frozen=True)
class Layer:
    """A layer on disk: its path, and the sha256 of its tar, which is its name in an image."""

    diff_id: str
    size: int
    path: Path


class LayerWriter:
    """Writes a tar and hashes it in the same pass."""

    def __init__(self, output: IO[bytes], ensure_wanted: Callable[[], None] = lambda: None) -> None:
        self._output = output
        self._hash = hashlib.sha256()
        self._ensure_wanted = ensure_wanted
        self.size = 0

    def add(self, info: tarfile.TarInfo, content: IO[bytes] | None = None) -> None:
        """Add an entry with the fixed time, numeric owner and no user names."""
        info.mtime = EPOCH
        info.uname = info.gname = ""
        info.pax_headers = {k: v for k, v in sorted(info.pax_headers.items()) if k.startswith("SCHILY.xattr.")}
        self._write(info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape"))
        if content is None or not info.isreg():
            return
        left = info.size
        while left:
            piece = content.read(min(PIECE, left))
            if not piece:
                raise OSError(f"{info.name} ended {left} bytes early")
            self._write(piece)
            left -= len(piece)
        self._write(b"\0" * (-info.size % tarfile.BLOCKSIZE))

    def close(self) -> str:
        """End the tar and return its diff id."""
        self._write(b"\0" * (2 * tarfile.BLOCKSIZE))
        return f"sha256:{self._hash.hexdigest()}"

    def _write(self, piece: bytes) -> None:
        self._ensure_wanted()
        self._output.write(piece)
        self._hash.update(piece)
        self.size += len(piece)


def entry(
    name: str, mode: int, *, data: bytes | None = None, target: str = ""
) -> tuple[tarfile.TarInfo, IO[bytes] | None]:
    """Return an entry owned by root: a file with data, a link to a target, or else a folder."""
    info = tarfile.TarInfo(name)
    info.mode = mode
    if target:
        info.type, info.linkname = tarfile.SYMTYPE, target
    elif data is None:
        info.type = tarfile.DIRTYPE
    else:
        info.size = len(data)
        return info, io.BytesIO(data)
    return info, None


def configuration(image: BuiltImage, layers: Sequence[Layer]) -> bytes:
    """Return the image's configuration; its sha256 is the image's id."""
    config = {
        "Entrypoint": image["entrypoint"],
        "Env": [f"{name}={value}" for name, value in sorted(image["environment"].items())],
        "Labels": {**image["labels"], "kit.recipe": image["digest"]},
        "WorkingDir": image["workdir"],
    }
    document = {
        "architecture": "amd64",
        "config": config,
        "created": CREATED,
        "history": [{"created": CREATED, "created_by": "kit"} for _ in layers],
        "os": "linux",
        "rootfs": {"diff_ids": [layer.diff_id for layer in layers], "type": "layers"},
    }
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def archive_parts(tag: str, config: bytes, layers: Sequence[Layer]) -> list[bytes | Layer]:
    """Return one image's docker-archive in parts: bytes, and layers as files."""
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{layer.diff_id.split(':')[1]}/layer.tar" for layer in layers]
    manifest = json.dumps([{"Config": config_name, "Layers": names, "RepoTags": [tag]}]).encode()
    parts: list[bytes | Layer] = []
    for name, data in ((config_name, config), ("manifest.json", manifest)):
        parts += [header(name, len(data)), data, padding(len(data))]
    for name, layer in zip(names, layers):
        parts += [header(name, layer.size), layer, padding(layer.size)]
    return [*parts, b"\0" * (2 * tarfile.BLOCKSIZE)]


def archive_size(parts: Sequence[bytes | Layer]) -> int:
    """Return the size of an archive in bytes."""
    return sum(part.size if isinstance(part, Layer) else len(part) for part in parts)


def stream(parts: Sequence[bytes | Layer], ensure_wanted: Callable[[], None]) -> Iterator[bytes]:
    """Yield an archive piece by piece, straight from the layers' files."""
    for part in parts:
        if isinstance(part, Layer):
            with part.path.open("rb") as layer:
                while piece := layer.read(PIECE):
                    ensure_wanted()
                    yield piece
        elif part:
            yield part


def sha256_of(path: Path, ensure_wanted: Callable[[], None] = lambda: None) -> str:
    """Return a file's sha256."""
    digest = hashlib.sha256()
    with path.open("rb") as content:
        while piece := content.read(PIECE):
            ensure_wanted()
            digest.update(piece)
    return digest.hexdigest()


def header(name: str, size: int) -> bytes:
    """Return the header of a file in an archive."""
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = size, EPOCH, 0o644
    return info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")


def padding(size: int) -> bytes:
    """Return the bytes that fill a file's last block in an archive."""
    return b"\0" * (-size % tarfile.BLOCKSIZE)
