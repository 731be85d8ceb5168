"""What was decided and rendered, kept for the next run under the digest of everything that it was made of.

Resolve and render are pure: the same inputs give the same result, so it may be remembered. Loading the libraries that
read a spec and print templates takes longer than all else that an apply does where nothing changed. Nothing is carried
out from what was kept: that is made of the files anew.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import pickle
import stat
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from deploy.agent.remembered import write_file
from deploy.assets import package_dir, templates_dir
from deploy.bundle import Bundle
from deploy.deployment import Deployment, as_json

MOST = 20
"""More of them than this are not kept; the oldest go."""
Kept = tuple[Deployment, Bundle]


def inputs_key(spec: Path, lock: Path) -> str | None:
    """Return the digest of the spec, the lock, the templates and this kit; None where a file cannot be read."""
    own = [*package_dir().rglob("*.py"), *_files(templates_dir()), *_files(spec.parent / "templates"), spec, lock]
    try:
        contents = [[str(path), hashlib.sha256(_content(path)).hexdigest()] for path in own]
    except OSError:
        return None
    parts = [sys.version, _packages(), sorted(contents)]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def recall(key: str) -> Kept | None:
    """Return what was kept under a key, if the files that its spec names are still the same."""
    try:
        content = _content(_folder() / key)
    except OSError:
        return None
    digest, payload = content[:32], content[32:]
    if hashlib.sha256(payload).digest() != digest:
        return None
    named, kept = pickle.loads(payload)
    return kept if [_mark(Path(path)) for path, _ in named] == [mark for _, mark in named] else None


def keep(key: str, named: Iterable[Path], deployment: Deployment, bundle: Bundle) -> None:
    """Keep a result for as long as the files that its spec names stay as they are."""
    marks = [(str(path.absolute()), _mark(path)) for path in named]
    payload = pickle.dumps((marks, (_plain(deployment), bundle)))
    # Where nothing can be written nothing is kept.
    with contextlib.suppress(OSError):
        _folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(_folder() / key, hashlib.sha256(payload).digest() + payload, 0o600)
        for old in sorted(_folder().iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)[MOST:]:
            old.unlink()


def _folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base, "kit", "kept")


def _content(path: Path) -> bytes:
    """Read a regular file; of what was kept, only what this user kept, for reading it back runs what it says."""
    # Opened without waiting, as a pipe that nobody writes to would make it wait.
    with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as stream:
        status = os.fstat(stream.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(f"{path} is not a regular file")
        if path.parent == _folder() and status.st_uid != os.geteuid():
            raise OSError(f"{path} is another user's")
        return stream.read()


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir())


def _packages() -> list[str]:
    """Return the packages that this Python runs with, and their versions."""
    return sorted(path.name for path in Path(click.__file__).parents[1].glob("*.dist-info"))


def _mark(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_size, status.st_mtime_ns, status.st_ino)


def _plain(deployment: Deployment) -> Deployment:
    """Return it without the rooms' own types: reading them back would load the rooms."""
    return dataclasses.replace(deployment, services=tuple(map(_plain_service, deployment.services)))


def _plain_service(service: Any) -> Any:
    artifacts = tuple(dataclasses.replace(one, context=as_json(one.context)) for one in service.artifacts)
    return dataclasses.replace(service, artifacts=artifacts)
