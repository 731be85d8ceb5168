"""What an engine's reader of Modelfiles keeps of a text, and where a quoted text ends for it.

Single quote marks are ordinary characters and nothing is escaped. A value goes on over a line's end only while its
quotes are open; they are closed by a quote of the same kind at the end of a line, whatever blanks follow it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

TRIPLE = '"""'
_BLANKS = "\t\n\r "


def is_kept(char: str) -> bool:
    """Say whether the reader keeps a character; it drops the unprintable ones in silence, within quotes as well."""
    return char.isprintable() or char in _BLANKS


def unquoted(text: str) -> str | None:
    """Return a trimmed value without its quotes; None while they are open."""
    for quote in (TRIPLE, '"'):
        if text.startswith(quote):
            closed = len(text) >= 2 * len(quote) and text.endswith(quote)
            return text[len(quote) : -len(quote)] if closed else None
    return text


def end_of_value(text: str, start: int) -> int:
    """Return where the value that starts here ends: at a line's end with its quotes closed; -1 if they never are."""
    for place in range(start, len(text) + 1):
        if (place == len(text) or text[place] in "\r\n") and unquoted(text[start:place].strip(_BLANKS)) is not None:
            return place
    return -1


def losses(text: str) -> Iterator[str]:
    """Yield every reason why a Modelfile cannot carry a text; nothing for one that it carries."""
    told = set()
    for place, char in enumerate(text):
        if char not in told and not is_kept(char):
            told.add(char)
            name = unicodedata.name(char, "")
            described = f"U+{ord(char):04X}" + (f" ({name.lower()})" if name else "")
            line = text.count("\n", 0, place) + 1
            yield f"holds {described} in line {line}, which a Modelfile's reader drops in silence; take it out"
    for number in _closing_lines(text):
        yield f"ends line {number} with three quote marks, which close the text there; write something behind them"


def _closing_lines(text: str) -> Iterator[int]:
    """Yield the lines at whose end a text in three quote marks would be closed; its last line may end so."""
    number, pieces = 1, re.split(r"(\r\n|\r|\n)", text)
    for line, end in zip(pieces[:-1:2], pieces[1::2], strict=True):
        if line.rstrip(_BLANKS).endswith(TRIPLE):
            yield number
        number += "\n" in end


def why_lost(text: str) -> str | None:
    """Return the first reason why a Modelfile cannot carry a text; None for one that it carries."""
    return next(losses(text), None)


def quoted(text: str) -> str:
    """Return a text that `why_lost` finds nothing wrong with, in quotes."""
    is_plain = '"' not in text and "\n" not in text and "\r" not in text
    return f'"{text}"' if is_plain else TRIPLE + text + TRIPLE


def bare(text: str) -> str:
    """Return a text without quotes where they change nothing, else with them."""
    is_one_line = "\n" not in text and "\r" not in text
    return text if text and is_one_line and text == text.strip() and text[0] != '"' else quoted(text)
