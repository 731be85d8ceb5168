"""Images as Docker saves them, and as another Docker loads them: an archive may leave out layers that are there.

The classic store looks for a layer by its chain id before it opens the layer's file. The containerd store takes from an
OCI layout what its archive has, and the rest from its own content. So the archive has both descriptions.
"""

from __future__ import annotations

import hashlib
import json
import posixpath
import tarfile
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE, header, padding

MANIFEST = "manifest.json"
BLOBS = "blobs/sha256/"
DESCRIPTIONS_BYTES = 16 * 2**20
"""Most bytes of an archive's descriptions: of the rest nothing is kept in memory."""
GZIP = b"\x1f\x8b"
OCI = "application/vnd.oci.image"
UNNAMED = "docker.io"
"""Word of the containerd store in front of names without a registry."""


@dataclass(frozen=True)
class SavedLayer:
    """A layer in an archive."""

    entry: str
    """Its file in Docker's archive."""
    diff_id: str
    digest: str
    """Digest of the file."""
    size: int
    is_packed: bool

    @property
    def place(self) -> str:
        """Its file in the archive for another Docker."""
        return BLOBS + self.digest.partition(":")[2]

    @property
    def descriptor(self) -> dict[str, Any]:
        """The layer as an OCI manifest names it."""
        kind = f"{OCI}.layer.v1.tar{'+gzip' if self.is_packed else ''}"
        return {"mediaType": kind, "digest": self.digest, "size": self.size}


@dataclass(frozen=True)
class SavedImage:
    """An image in an archive: its configuration, and its layers from the lowest up."""

    config: bytes
    layers: tuple[SavedLayer, ...]


def chain_ids(diff_ids: Sequence[str]) -> list[str]:
    """Return the chain id of each layer: it names the layer together with all layers below it."""
    chains: list[str] = []
    for diff_id in diff_ids:
        chains.append(_digest(f"{chains[-1]} {diff_id}".encode()) if chains else diff_id)
    return chains


def read_saved(archive: IO[bytes]) -> SavedImage:
    """Read the descriptions of Docker's archive to its end; old versions name layers only there."""
    files = _Files()
    with tarfile.open(mode="r|", fileobj=archive, bufsize=PIECE) as entries:
        for member in entries:
            content = entries.extractfile(member) if member.isreg() else None
            if content is not None:
                files.take(member, content)
            elif member.issym():
                # A layer that stands twice in an image is a link the second time.
                files.links[member.name] = posixpath.normpath(f"{posixpath.dirname(member.name)}/{member.linkname}")
    return files.image()


class _Files:
    """The files of Docker's archive."""

    def __init__(self) -> None:
        self.links: dict[str, str] = {}
        self._sizes: dict[str, int] = {}
        self._starts: dict[str, bytes] = {}
        self._texts: dict[str, bytes] = {}
        self._left = DESCRIPTIONS_BYTES

    def take(self, member: tarfile.TarInfo, content: IO[bytes]) -> None:
        start = content.read(len(GZIP))
        self._sizes[member.name], self._starts[member.name] = member.size, start
        if start[:1] in (b"{", b"[") and member.size <= self._left:
            self._texts[member.name] = start + content.read()
            self._left -= member.size

    def image(self) -> SavedImage:
        try:
            (described,) = json.loads(self._texts[MANIFEST])
            config = self._texts[described["Config"]]
            names = [self.links.get(name, name) for name in described["Layers"]]
            diff_ids = json.loads(config)["rootfs"]["diff_ids"]
            return SavedImage(config, tuple(map(self._layer, names, diff_ids)))
        except (KeyError, ValueError, TypeError) as problem:
            raise AgentError(f"Docker's archive of an image is incomplete: {problem!r}", _LOOK) from problem

    def _layer(self, name: str, diff_id: str) -> SavedLayer:
        digest = f"sha256:{name[len(BLOBS) :]}" if name.startswith(BLOBS) else diff_id
        return SavedLayer(name, diff_id, digest, self._sizes[name], self._starts[name] == GZIP)


_LOOK = "see `journalctl -u docker`, and check the free disk space below `Docker Root Dir` of `docker info`"


@dataclass(frozen=True)
class Outgoing:
    """An image's archive for another Docker."""

    tag: str
    image: SavedImage
    sent: tuple[SavedLayer, ...]
    """The layers whose bytes are in it."""

    @classmethod
    def of(cls, tag: str, image: SavedImage, there: Collection[str]) -> Outgoing:
        """Return the archive without the layers that are there."""
        chains = chain_ids([layer.diff_id for layer in image.layers])
        missing = (layer for layer, chain in zip(image.layers, chains) if chain not in there)
        return cls(tag, image, tuple({layer.digest: layer for layer in missing}.values()))

    @property
    def size(self) -> int:
        """Size of the archive in bytes."""
        head, tail = sum(map(len, self._head())), len(_END)
        bodies = sum(len(header(layer.place, layer.size)) + layer.size for layer in self.sent)
        return head + bodies + sum(len(padding(layer.size)) for layer in self.sent) + tail

    def pieces(self, archive: IO[bytes]) -> Iterator[bytes]:
        """Yield the archive; the layers' bytes come from Docker's own, read once more."""
        yield from self._head()
        left = {layer.entry: layer for layer in self.sent}
        with tarfile.open(mode="r|", fileobj=archive, bufsize=PIECE) as entries:
            while left and (member := entries.next()):
                layer = left.pop(member.name, None)
                content = entries.extractfile(member) if layer else None
                if layer and content:
                    yield header(layer.place, layer.size)
                    while piece := content.read(PIECE):
                        yield piece
                    yield padding(layer.size)
        if left:
            raise AgentError(f"Docker's archive of {self.tag} changed while it was read", _LOOK)
        yield _END

    def _head(self) -> list[bytes]:
        """Return the descriptions of the image, first in the archive."""
        config, layers = self.image.config, self.image.layers
        files = {BLOBS + _digest(config).partition(":")[2]: config}
        loaded = {"Config": next(iter(files)), "RepoTags": [self.tag], "Layers": [layer.place for layer in layers]}
        described = {
            "schemaVersion": 2,
            "mediaType": f"{OCI}.manifest.v1+json",
            "config": {"mediaType": f"{OCI}.config.v1+json", "digest": _digest(config), "size": len(config)},
            "layers": [layer.descriptor for layer in layers],
        }
        manifest = _json(described)
        files[BLOBS + _digest(manifest).partition(":")[2]] = manifest
        named = {
            "mediaType": f"{OCI}.manifest.v1+json",
            "digest": _digest(manifest),
            "size": len(manifest),
            "annotations": {"io.containerd.image.name": f"{UNNAMED}/{self.tag}"},
        }
        index = {"schemaVersion": 2, "mediaType": f"{OCI}.index.v1+json", "manifests": [named]}
        files |= {"oci-layout": _json({"imageLayoutVersion": "1.0.0"}), "index.json": _json(index)}
        files[MANIFEST] = _json([loaded])
        return [part for name, data in files.items() for part in (header(name, len(data)), data, padding(len(data)))]


_END = b"\0" * (2 * tarfile.BLOCKSIZE)


def _json(document: object) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


def _digest(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
