"""Streams of unknown length between the control node and an agent, in frames: a cut differs from an end. Pure.

A frame is the number of its bytes and the bytes. One number ends a stream, another one breaks it off: the answer that
follows says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import IO

PIECE = 1 << 20
"""Most bytes of one frame, and so of the memory that a stream takes on either side."""
WIDTH = 4
END = bytes(WIDTH)
BROKEN = b"\xff" * WIDTH


class CutOffError(Exception):
    """The connection ended before the stream."""


class BrokenOffError(Exception):
    """The sender broke the stream off."""


def framed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a stream's bytes as frames, and its end."""
    for piece in pieces:
        for start in range(0, len(piece), PIECE):
            part = piece[start : start + PIECE]
            yield len(part).to_bytes(WIDTH, "big") + part
    yield END


def unframed(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the content of frames up to the stream's end; raise if it never comes."""
    while (number := stream.read(WIDTH)) != END:
        if number == BROKEN:
            raise BrokenOffError
        size = int.from_bytes(number, "big")
        # No frame is larger: whatever else writes here must not fill the memory.
        if len(number) < WIDTH or size > PIECE:
            raise CutOffError
        piece = stream.read(size)
        if len(piece) < size:
            raise CutOffError
        yield piece
