"""Line numbers in words: one cause is reported once, with every line that it is in."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable

_MOST = 12


def lines_of(text: str) -> Callable[[int], tuple[int, int]]:
    """Return a function from an offset in a text to its line and column (1-based); it is fast for long texts."""
    starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def placed(place: int) -> tuple[int, int]:
        line = bisect_right(starts, place)
        return line, place - starts[line - 1] + 1

    return placed


def in_lines(numbers: Iterable[int]) -> str:
    """Return `line 3`, or `lines 2, 5 to 9 and 12`."""
    whole = sorted(set(numbers))
    runs: list[list[int]] = []
    for number in whole:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    words = [word for run in runs for word in _words(run)]
    if len(words) > _MOST:
        words = [*words[:_MOST], "more"]
    told = f"{', '.join(words[:-1])} and {words[-1]}" if len(words) > 1 else words[0]
    return f"line{'s' if len(whole) > 1 else ''} {told}"


def also(numbers: Iterable[int]) -> str:
    """Return the words behind a message that stands at the first of these lines."""
    rest = sorted(set(numbers))[1:]
    return f" (also in {in_lines(rest)})" if rest else ""


def _words(run: list[int]) -> list[str]:
    return [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(number) for number in run]
