from __future__ import annotations

from collections.abc import Iterable

import pytest

from deploy.chat.timing import Timing
from deploy.protocols.answer import Ended, Piece


def timed(pieces: Iterable[str], ended: Ended, seconds: float = 0.5) -> Timing:
    now = [10.0]

    def clock() -> float:
        now[0] += seconds
        return now[0]

    timing = Timing(clock)
    for piece in pieces:
        timing.take(Piece(piece))
    timing.take(ended)
    return timing


def test_an_engines_own_figures_are_taken_where_it_gives_them() -> None:
    timing = timed("abc", Ended(6, 0.25))
    assert (timing.tokens, timing.rate) == (6, 24)
    assert timing.line == "6 tokens, 24.0 tokens/s (the engine's figures)"


def test_what_an_engine_only_counts_is_timed_here_from_the_first_piece_on() -> None:
    timing = timed("abc", Ended(5))
    assert timing.rate == 4
    assert timing.line == "5 tokens, 4.0 tokens/s (counted by the engine, timed here)"


def test_without_figures_the_pieces_are_counted_and_that_is_said() -> None:
    timing = timed("abc", Ended())
    assert timing.line == "3 tokens, 2.0 tokens/s (pieces counted and timed here, the engine gives no figures)"


@pytest.mark.parametrize("pieces", ["", "a"])
def test_what_is_too_short_to_be_timed_has_no_rate(pieces: str) -> None:
    assert timed(pieces, Ended()).rate is None
    assert "too short to time" in timed(pieces, Ended(1)).line
    assert timed(pieces, Ended(1)).line.startswith("1 token,")


def test_an_answer_that_was_cut_says_so_and_thoughts_are_no_part_of_it() -> None:
    timing = Timing()
    timing.take(Piece("hm", is_thought=True))
    timing.take(Piece("yes"))
    timing.take(Ended(2, 1, "length"))
    assert timing.text == "yes"
    assert timing.line.endswith("; cut at the longest answer that the model may give")
