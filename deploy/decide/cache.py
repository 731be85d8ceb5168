"""Results of resolve and render, cached for the next run under the digest of all inputs.

Resolve and render are pure: the same inputs give the same result, so it may be remembered. Loading the libraries that
read a spec and print templates takes longer than all else that an apply does where nothing changed. Nothing is carried
out from the cache: that is made of the files anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click

from deploy.agent.remembered import write_file
from deploy.assets import package_dir, templates_dir
from deploy.deployment.bundle import Bundle
from deploy.deployment.document import UnreadableError, read, written
from deploy.deployment.host import Deployment
from deploy.deployment.way import Way
from deploy.source_files import Digests

FORMAT = 3
MOST = 20
"""Number of cached results; the oldest go first."""
Kept = tuple[dict[str, Deployment], dict[str, Bundle], dict[str, Way]]
"""Deployment, files and way, each by host."""


@dataclass(frozen=True)
class _Document:
    """A cached result with all its inputs."""

    format: int
    spec: str
    surroundings: str
    inputs: dict[str, str]
    deployments: dict[str, Deployment]
    bundles: dict[str, Bundle]
    ways: dict[str, Way]


def surroundings(spec: Path) -> str | None:
    """Return the digest of this kit and of the templates beside a spec; None if a file cannot be read."""
    # The listing counts as well: a template that appears beside the spec comes before the kit's own.
    own, beside = templates_dir(), spec.parent / "templates"
    digest = hashlib.sha256(json.dumps([FORMAT, sys.version, _packages(), str(own)]).encode())
    try:
        files = [*_files(package_dir(), ".py"), *_files(own), *_files(beside)]
        for path in files:
            digest.update(json.dumps([path, _sha256(path)]).encode())
    except OSError:
        return None
    return digest.hexdigest()


def recall(spec: Path) -> Kept | None:
    """Return the cached result of a spec, if all its inputs are the same to the byte."""
    try:
        document = _read(_content(str(_place(spec))))
        if document.spec != str(spec.absolute()) or document.surroundings != surroundings(spec):
            return None
        is_same = all(_sha256(path) == sha256 for path, sha256 in document.inputs.items())
    except (OSError, ValueError):
        # Damaged, foreign or newer: what cannot be read is made anew.
        return None
    return (document.deployments, document.bundles, document.ways) if is_same else None


def keep(spec: Path, made_in: str, inputs: Digests, made: Kept) -> None:
    """Cache a result with its inputs."""
    document = _Document(FORMAT, str(spec.absolute()), made_in, inputs, *made)
    payload = json.dumps(written(_Document, document)).encode()
    # Where nothing can be written nothing is kept.
    with contextlib.suppress(OSError):
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(_place(spec), f"{hashlib.sha256(payload).hexdigest()}\n".encode() + payload, 0o600)
        for old in sorted(_folder().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[MOST:]:
            old.unlink()


def _read(content: bytes) -> _Document:
    digest, _, payload = content.partition(b"\n")
    if digest != hashlib.sha256(payload).hexdigest().encode():
        raise UnreadableError("cut off or damaged")
    value: object = json.loads(payload)
    if not isinstance(value, Mapping) or value.get("format") != FORMAT:
        raise UnreadableError("of another kit")
    return read(_Document, value)


def _place(spec: Path) -> Path:
    return _folder() / f"{hashlib.sha256(os.fsencode(spec.absolute())).hexdigest()}.json"


def _folder() -> Path:
    try:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    except RuntimeError:
        raise FileNotFoundError("this user has no home folder") from None
    return Path(base, "kit", "kept")


def _content(path: str) -> bytes:
    """Return the bytes of a file that only this user can write."""
    with _opened(path) as stream:
        status = os.fstat(stream.fileno())
        if status.st_uid != os.geteuid() or status.st_mode & 0o022:
            raise OSError(f"{path} can be written by another user")
        return stream.read()


def _sha256(path: str) -> str:
    with _opened(path) as stream:
        return hashlib.sha256(stream.read()).hexdigest()


def _opened(path: str) -> BinaryIO:
    """Open a regular file."""
    # Opened without waiting, as a pipe that nobody writes to would make it wait.
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(f"{path} is not a regular file")
    return stream


def _files(folder: Path, suffix: str = "") -> Iterator[str]:
    """Yield the files below a folder, sorted; links are followed, as templates are found through them."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        status = Path(place).stat()
        known = (status.st_dev, status.st_ino) in seen
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [] if known else sorted(name for name in folders if name != "__pycache__")
        yield from (f"{place}/{name}" for name in sorted(names) if name.endswith(suffix))


def _packages() -> list[str]:
    """Return the packages of this Python, with their versions."""
    return sorted(path.name for path in Path(click.__file__).parents[1].glob("*.dist-info"))
