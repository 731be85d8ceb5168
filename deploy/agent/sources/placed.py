"""Places a model's file: written beside it, hashed on the way, flushed to the disk, then renamed."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

from deploy.agent.errors import AgentError, naming, told
from deploy.agent.inputs.archive import PIECE
from deploy.agent.inputs.cache import Cache
from deploy.agent.journal import Journal
from deploy.agent.leftovers import beside, partial, size_of

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import ModelFile

MODE = 0o444
Rest = Callable[[int], Iterable[bytes]]
"""Returns a file's bytes from a number on."""


class WrongFileError(AgentError):
    """A file with another sha256 than the stated one."""


def place(pieces: Iterable[bytes], model: ModelFile, journal: Journal, origin: str) -> None:
    """Write bytes to the model's place; an error about their sha256 names their origin."""
    path = Path(model["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    written = beside(path)
    digest = hashlib.sha256()
    try:
        with _opened(written, os.O_TRUNC) as output:
            _write(pieces, output, digest, path)
            _ensure_hash(digest.hexdigest(), model, origin)
            _finish(output, model, journal)
        written.replace(path)
    except BaseException:
        written.unlink(missing_ok=True)
        raise


def place_resumed(rest: Rest, model: ModelFile, journal: Journal, origin: str) -> None:
    """Write bytes to the model's place, behind those that an interrupted run has left.

    Args:
        rest: Returns the bytes from a number on.
        model: The file.
        journal: Told of the work.
        origin: Named in an error about the sha256.
    """
    path = Path(model["path"])
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = partial(path, model["sha256"])
    try:
        with _opened(kept) as output:
            digest, start = _begun(output, model, journal)
            _write(rest(start), output, digest, path)
            if start and digest.hexdigest() != model["sha256"]:
                # A host that lost its power may have kept other bytes than it was given.
                digest = hashlib.sha256()
                output.truncate(output.seek(0))
                _write(rest(0), output, digest, path)
            _ensure_hash(digest.hexdigest(), model, origin)
            _finish(output, model, journal)
        kept.replace(path)
    except (OSError, WrongFileError):
        # The bytes are wrong, or the disk has no room for them.
        kept.unlink(missing_ok=True)
        raise
    except BaseException:
        if not size_of(kept):
            kept.unlink(missing_ok=True)
        raise


def _opened(path: Path, flags: int = 0) -> IO[bytes]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o600)
    return os.fdopen(descriptor, "r+b")


def _begun(output: IO[bytes], model: ModelFile, journal: Journal) -> tuple[hashlib._Hash, int]:
    """Return the hash and the number of the bytes that are here; they stand before the place to write at."""
    digest, size = hashlib.sha256(), os.fstat(output.fileno()).st_size
    if size > model["size"]:
        output.truncate(0)
    elif size:
        journal.say("hashing the part that is here", 0, size)
        while piece := output.read(PIECE):
            digest.update(piece)
    return digest, output.tell()


def _write(pieces: Iterable[bytes], output: IO[bytes], digest: hashlib._Hash, path: Path) -> None:
    for piece in pieces:
        # A failure of the pieces' own source is not the disk's.
        with naming(path):
            output.write(piece)
        digest.update(piece)


def _finish(output: IO[bytes], model: ModelFile, journal: Journal) -> None:
    os.fchown(output.fileno(), model["uid"], model["gid"])
    os.fchmod(output.fileno(), MODE)
    with naming(Path(model["path"])):
        output.flush()
        journal.say("flushing to the disk")
        os.fsync(output.fileno())


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
        raise WrongFileError(
            f"model {model['name']}: expected sha256 {model['sha256']}, got {digest} from {origin}",
            "write this file's sha256 into kit.yaml if it is the right one, or provide the other file",
        )
