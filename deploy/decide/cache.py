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
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from deploy import kept
from deploy.assets import templates_dir
from deploy.deployment.bundle import Bundle
from deploy.deployment.document import UnreadableError, read, written
from deploy.deployment.host import Deployment
from deploy.deployment.way import Way
from deploy.kept import content_of, kept_folder, sha256_of
from deploy.source_files import Digests
from deploy.stamps import package_stamps

FORMAT = 4
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
    """Return the digest of this kit and of the templates beside a spec; None if a file cannot be read.

    None as well while a module of the kit is being changed. Hundreds of modules are told by their stamps: reading them
    took a no-op longer than planning.
    """
    # The listing counts as well: a template that appears beside the spec comes before the kit's own.
    own, beside, modules = templates_dir(), spec.parent / "templates", package_stamps()
    if modules is None:
        return None
    digest = hashlib.sha256(json.dumps([FORMAT, sys.version, _packages(), str(own), modules]).encode())
    try:
        for path in (*_files(own), *_files(beside)):
            digest.update(json.dumps([path, sha256_of(path)]).encode())
    except OSError:
        return None
    return digest.hexdigest()


def recall(spec: Path) -> Kept | None:
    """Return the cached result of a spec, if all its inputs are the same to the byte."""
    try:
        document = _read(content_of(str(_place(spec))))
        if document.spec != str(spec.absolute()) or document.surroundings != surroundings(spec):
            return None
        is_same = all(sha256_of(path) == sha256 for path, sha256 in document.inputs.items())
    except (OSError, ValueError):
        # Damaged, foreign or newer: what cannot be read is made anew.
        return None
    return (document.deployments, document.bundles, document.ways) if is_same else None


def keep(spec: Path, made_in: str, inputs: Digests, made: Kept) -> None:
    """Cache a result with its inputs."""
    document = _Document(FORMAT, str(spec.absolute()), made_in, inputs, *made)
    payload = json.dumps(written(_Document, document)).encode()
    with contextlib.suppress(OSError):
        kept.keep(_place(spec), f"{hashlib.sha256(payload).hexdigest()}\n".encode() + payload, MOST)


def _read(content: bytes) -> _Document:
    digest, _, payload = content.partition(b"\n")
    if digest != hashlib.sha256(payload).hexdigest().encode():
        raise UnreadableError("cut off or damaged")
    value: object = json.loads(payload)
    if not isinstance(value, Mapping) or value.get("format") != FORMAT:
        raise UnreadableError("of another kit")
    return read(_Document, value)


def _place(spec: Path) -> Path:
    return kept_folder("kept") / f"{hashlib.sha256(os.fsencode(spec.absolute())).hexdigest()}.json"


def _files(folder: Path) -> Iterator[str]:
    """Yield the files below a folder, sorted; links are followed, as templates are found through them."""
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        status = Path(place).stat()
        known = (status.st_dev, status.st_ino) in seen
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [] if known else sorted(name for name in folders if name != "__pycache__")
        yield from (f"{place}/{name}" for name in sorted(names))


def _packages() -> list[str]:
    """Return the packages of this Python, with their versions."""
    return sorted(path.name for path in Path(click.__file__).parents[1].glob("*.dist-info"))
