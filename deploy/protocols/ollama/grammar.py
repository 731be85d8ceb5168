"""Grammar of Modelfiles: how an engine's reader splits a text into values, and the quotes around a text.

Single quote marks are ordinary characters and nothing is escaped. A value goes on over a line's end only while its
quotes are open; they are closed by a quote of the same kind at the end of a line, whatever blanks follow it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from deploy.printable import dropped, seen

TRIPLE = '"""'
BLANKS = "\t\n\r "
_ENDS = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True)
class View:
    """A text as the reader sees it, with the place of each character in the written text."""

    written: str
    seen: str
    places: Sequence[int]
    """Place of each seen character in the written text, and the end of the written text."""

    def between(self, start: int, end: int) -> str:
        """Return the written text between two places of the seen text."""
        return self.written[self.places[start] : self.places[end]]


def view(written: str) -> View:
    """Return a text as the reader sees it."""
    gone = {match.start() for match in dropped().finditer(written)}
    every = range(len(written) + 1)
    return View(written, seen(written), array("L", (place for place in every if place not in gone)) if gone else every)


def unquoted(value: str) -> str:
    """Return a trimmed value without its closed quotes; characters that the reader drops stay within them."""
    visible = seen(value).strip(BLANKS)
    width = len(TRIPLE) if visible.startswith(TRIPLE) else 1 if visible.startswith('"') else 0
    start, end = 0, len(value)
    for _ in range(width):
        start = value.index('"', start) + 1
        end = value.rindex('"', 0, end)
    return value[start:end]


def end_of_value(text: str, start: int) -> int:
    """Return the end of the value that starts here: a line's end with its quotes closed; -1 if they stay open."""
    begin = start
    while text[begin : begin + 1] in (" ", "\t"):
        begin += 1
    quote = next((each for each in (TRIPLE, '"') if text.startswith(each, begin)), "")
    place, last = begin, begin
    while place <= len(text):
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        shown = len(text[place:end].rstrip(BLANKS))
        last = place + shown if shown else last
        if not quote or (last >= begin + 2 * len(quote) and text.endswith(quote, begin, last)):
            return end
        place = end + 1
    return -1


def closing_lines(text: str) -> list[int]:
    """Return the lines (1-based) whose end would close a text in three quote marks; its last line may do so."""
    lines = _ENDS.split(seen(text))[:-1]
    return [number for number, line in enumerate(lines, 1) if line.rstrip(BLANKS).endswith(TRIPLE)]


def quoted(text: str) -> str:
    """Return a text without closing lines, in quotes."""
    return f'"{text}"' if '"' not in text and not _ENDS.search(text) else TRIPLE + text + TRIPLE


def bare(text: str) -> str:
    """Return a text without quotes if they change nothing, else in quotes."""
    is_one_line = not _ENDS.search(text)
    return text if text and is_one_line and text == text.strip() and text[0] != '"' else quoted(text)
