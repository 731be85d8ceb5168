"""Places a model's file: written beside, hashed on the way, flushed to the disk, then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError, naming, told
from deploy.agent.inputs.archive import PIECE
from deploy.agent.inputs.cache import Cache
from deploy.agent.journal import Journal
from deploy.agent.leftovers import beside

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import ModelFile

MODE = 0o444


def place(pieces: Iterable[bytes], model: ModelFile, journal: Journal, origin: str) -> None:
    """Write bytes to the model's place; an error about their sha256 names their origin."""
    path = Path(model["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    written = beside(path)
    digest = hashlib.sha256()
    try:
        descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as output:
            for piece in pieces:
                # A failure of the pieces' own source is not the disk's.
                with naming(path):
                    output.write(piece)
                digest.update(piece)
            _ensure_hash(digest.hexdigest(), model, origin)
            os.fchown(output.fileno(), model["uid"], model["gid"])
            os.fchmod(output.fileno(), MODE)
            with naming(path):
                output.flush()
            journal.say("flushing to the disk")
            os.fsync(output.fileno())
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


@contextmanager
def downloads(cache: Cache, sha256: str) -> Iterator[Path]:
    """Keep downloads until they succeed: they survive an interrupted run, and no longer."""
    folder = cache.root / "downloads" / sha256
    yield folder
    cache.remove(folder)


def read(paths: Iterable[Path]) -> Iterator[bytes]:
    """Yield the bytes of files, one after the other."""
    # An OSError here is this host's, and must not be taken for one of the connection to the engine.
    try:
        for path in paths:
            with path.open("rb") as content:
                while piece := content.read(PIECE):
                    yield piece
    except OSError as problem:
        raise told(problem) from problem


def _ensure_hash(digest: str, model: ModelFile, origin: str) -> None:
    if digest != model["sha256"]:
        raise AgentError(
            f"model {model['name']}: expected sha256 {model['sha256']}, got {digest} from {origin}",
            "write this file's sha256 into kit.yaml if it is the right one, or provide the other file",
        )
