"""A big copy goes to the disk in pieces, so that no commit of a service waits for all of it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from deploy.agent.data import flushed
from deploy.agent.data.flushed import WRITE, flush
from deploy.agent.data.trees import copy_file

PIECE = flushed.PIECE
Ranges = list[tuple[int, int, int]]


@pytest.fixture
def ranges(monkeypatch: pytest.MonkeyPatch) -> Ranges:
    """The ranges that are written to the disk, with the size of the file at that moment; the system writes them too."""
    ranges: Ranges = []
    sync = flushed.sync_range

    def noted(descriptor: int, begin: int, length: int, flags: int) -> None:
        if flags == WRITE:
            ranges.append((begin, length, os.fstat(descriptor).st_size))
        sync(descriptor, begin, length, flags)

    monkeypatch.setattr(flushed, "sync_range", noted)
    return ranges


def big(folder: Path) -> Path:
    path = folder / "big.bin"
    path.write_bytes(os.urandom(2 * PIECE + 5))
    return path


def test_a_piece_goes_to_the_disk_before_the_next_one_is_copied(tmp_path: Path, ranges: Ranges) -> None:
    source = big(tmp_path)
    copy_file(source, tmp_path / "copy")
    assert ranges[:2] == [(0, PIECE, PIECE), (PIECE, PIECE, 2 * PIECE)]
    assert (tmp_path / "copy").read_bytes() == source.read_bytes()


def test_a_file_that_was_written_by_another_program_is_flushed_in_pieces(tmp_path: Path, ranges: Ranges) -> None:
    flush(big(tmp_path))
    assert [(begin, length) for begin, length, _ in ranges] == [(0, PIECE), (PIECE, PIECE)]


def test_at_most_two_pieces_are_on_their_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    on_their_way: set[int] = set()
    most: list[int] = []

    def noted(_descriptor: int, begin: int, _length: int, flags: int) -> None:
        on_their_way.add(begin) if flags == WRITE else on_their_way.remove(begin)
        most.append(len(on_their_way))

    monkeypatch.setattr(flushed, "sync_range", noted)
    path = tmp_path / "big.bin"
    with path.open("wb") as stream:
        stream.truncate(10 * PIECE)
    flush(path)
    assert max(most) == 2


@pytest.mark.parametrize("is_copied", [True, False])
def test_an_error_of_the_disk_under_a_piece_fails_the_copy_and_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_copied: bool
) -> None:
    """The kernel tells of a write that failed once: no later flush would."""

    def broken(*_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    source, copy = big(tmp_path), tmp_path / "copy"
    copy.write_bytes(source.read_bytes())
    monkeypatch.setattr(flushed, "sync_range", broken)
    with pytest.raises(OSError, match="Input/output error") as failure:
        copy_file(source, copy) if is_copied else flush(copy)
    assert failure.value.filename == str(copy)


def test_the_answer_of_the_kernel_to_a_range_is_heard() -> None:
    descriptor = os.open("/", os.O_RDONLY | os.O_DIRECTORY)
    os.close(descriptor)
    with pytest.raises(OSError, match="Bad file descriptor"):
        flushed.sync_range(descriptor, 0, PIECE, WRITE)


def test_what_has_no_ranges_is_left_to_the_flush_of_the_whole_file() -> None:
    reading, writing = os.pipe()
    try:
        flushed.sync_range(writing, 0, PIECE, WRITE)
    finally:
        os.close(reading)
        os.close(writing)
