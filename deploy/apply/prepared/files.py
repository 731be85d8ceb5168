"""Model files beside kit.yaml: measured on the control node, and opened for the hosts that lack them."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deploy.agent.contract.frames import PIECE
from deploy.deployment.host import Deployment
from deploy.errors import KitError
from deploy.hosts.wire.transport import Opened
from deploy.plan.sources import Files
from deploy.sources.given import path_of

Stamp = tuple[int, ...]
_SETTLED_NS = 2 * 10**9
"""Age of a change after which a file's time is reliable: clocks of file systems are coarse."""
_DIGESTS: dict[Stamp, str] = {}
"""sha256 of files that this run has read."""


def measured(deployment: Deployment, folder: Path) -> Files:
    """Return the size of each model file that kit.yaml names, and its sha256 if this run has read it already."""
    paths = {name: folder / name for name, _ in _named(deployment)}
    digests = {name: sha256 for name, path in paths.items() if (sha256 := _known(path))}
    return Files({name: _size(path) for name, path in paths.items()}, digests)


def read(files: Files, folder: Path, names: Iterable[str]) -> Files:
    """Return the files with the sha256 of some, read if unknown; an unreadable file has none."""
    digests = {name: sha256 for name in names if (sha256 := _digest(folder / name))}
    return Files(files.sizes, {**files.digests, **digests})


def opener(deployment: Deployment, folder: Path) -> Opened:
    """Return an opener of kit.yaml's model files by locked sha256 and first byte."""
    paths = {sha256: (folder / name).absolute() for name, sha256 in _named(deployment)}

    @contextmanager
    def opened(sha256: str, start: int) -> Iterator[Iterator[bytes]]:
        path = paths[sha256]
        with _reading(path):
            stream = path.open("rb")
        with stream:
            stream.seek(start)
            yield _pieces(stream, path)

    return opened


def _pieces(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    with _reading(path):
        while piece := stream.read(PIECE):
            yield piece


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as problem:
        said = f"{path} cannot be read: {problem.strerror}"
        raise KitError(said, "correct `from: {file: ...}` in kit.yaml, or bring the file") from None


def _named(deployment: Deployment) -> Iterator[tuple[str, str]]:
    """Yield each file that kit.yaml names, with its sha256."""
    blobs = [blob for engine in deployment.engines for model in engine.models for blob in model.blobs]
    files = [(file.source, file.sha256) for file in deployment.models]
    for source, sha256 in (*((blob.source, blob.sha256) for blob in blobs), *files):
        if name := path_of(source):
            yield name, sha256


def _size(path: Path) -> int | None:
    try:
        return path.stat().st_size if path.is_file() else None
    except OSError:
        return None


def _known(path: Path) -> str | None:
    try:
        return _DIGESTS.get(_stamp(path))
    except OSError:
        return None


def _digest(path: Path) -> str | None:
    try:
        before = _stamp(path)
        if before in _DIGESTS:
            return _DIGESTS[before]
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        if _stamp(path) == before and time.time_ns() - path.stat().st_mtime_ns > _SETTLED_NS:
            _DIGESTS[before] = sha256
    except OSError:
        return None
    return sha256


def _stamp(path: Path) -> Stamp:
    status = path.stat()
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns
