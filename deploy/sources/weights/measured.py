"""A model's file, read once and measured: sha256, size, and the facts in its header."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from deploy.gguf import Header, Stream, read_header

CHUNK = 2**20
Said = Callable[[str, int, int | None], None]
"""Receives an activity, its done bytes, and their total."""


@dataclass(frozen=True)
class Measured:
    """Measured facts about a model's file."""

    sha256: str
    size: int
    header: Header


class _Hashed:
    """A stream that is counted and hashed while it is read."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def read(self, size: int, /) -> bytes:
        """Return the next bytes."""
        content = self.stream.read(size)
        self.digest.update(content)
        self.size += len(content)
        return content


def measure(stream: Stream, name: str, said: Said, total: int | None = None) -> Measured:
    """Read a GGUF file to its end, once."""
    hashed = _Hashed(stream)
    header = read_header(hashed, name)
    while hashed.read(CHUNK):
        said(f"reading {name}", hashed.size, total)
    return Measured(hashed.digest.hexdigest(), hashed.size, header)
