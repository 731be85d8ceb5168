"""What an engine's reader of Modelfiles keeps of a text, and where a quoted text ends for it.

Single quote marks are ordinary characters and nothing is escaped. A value goes on over a line's end only while its
quotes are open; they are closed by a quote of the same kind at the end of a line, whatever blanks follow it.
"""

from __future__ import annotations

import unicodedata

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


def why_lost(text: str) -> str | None:
    """Return why a Modelfile cannot carry a text; None for one that it carries."""
    for place, char in enumerate(text):
        if not is_kept(char):
            name = unicodedata.name(char, "")
            described = f"U+{ord(char):04X}" + (f" ({name.lower()})" if name else "")
            line = text.count("\n", 0, place) + 1
            return f"holds {described} in line {line}, which a Modelfile's reader drops in silence; take it out"
    if TRIPLE not in text:
        return None
    quoted = TRIPLE + text + TRIPLE
    end = end_of_value(quoted, 0)
    if end != len(quoted):
        number = text.count("\n", 0, max(end - len(TRIPLE), 0)) + 1
        return f"ends line {number} with three quote marks, which close the text there; write something behind them"
    return None


def quoted(text: str) -> str:
    """Return a text that `why_lost` finds nothing wrong with, in quotes."""
    is_plain = '"' not in text and "\n" not in text and "\r" not in text
    return f'"{text}"' if is_plain else TRIPLE + text + TRIPLE


def bare(text: str) -> str:
    """Return a text without quotes where they change nothing, else with them."""
    is_one_line = "\n" not in text and "\r" not in text
    return text if text and is_one_line and text == text.strip() and text[0] != '"' else quoted(text)
