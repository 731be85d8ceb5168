from __future__ import annotations

import io
from collections.abc import Iterator

import pytest

from deploy.agent.contract.frames import BROKEN, END, PIECE, BrokenOffError, CutOffError, framed, unframed

LARGE = bytes(range(256)) * (PIECE // 128 + 1)


def written(*pieces: bytes) -> bytes:
    return b"".join(framed(pieces))


def test_what_is_framed_comes_out_again_and_what_follows_is_left() -> None:
    stream = io.BytesIO(written(b"one", b"", LARGE) + b"more")
    pieces = list(unframed(stream))
    assert b"".join(pieces) == b"one" + LARGE
    assert max(map(len, pieces)) == PIECE
    assert stream.read() == b"more"


def test_a_stream_without_bytes_is_its_end() -> None:
    assert written() == END
    assert list(unframed(io.BytesIO(END))) == []


@pytest.mark.parametrize("left", range(len(written(b"one", b"two"))))
def test_a_stream_cut_anywhere_is_no_whole_one(left: int) -> None:
    with pytest.raises(CutOffError):
        list(unframed(io.BytesIO(written(b"one", b"two")[:left])))


def test_a_sender_can_break_off_behind_any_frame() -> None:
    def until_it_fails() -> Iterator[bytes]:
        yield from framed([b"one"])

    stream = io.BytesIO(next(until_it_fails()) + BROKEN + b"why")
    pieces = unframed(stream)
    assert next(pieces) == b"one"
    with pytest.raises(BrokenOffError):
        next(pieces)
    assert stream.read() == b"why"


def test_words_that_are_no_frames_take_no_memory() -> None:
    with pytest.raises(CutOffError):
        next(unframed(io.BytesIO(b"Welcome to this host!\n" * 100)))
