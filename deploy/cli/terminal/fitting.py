"""Wraps text to the terminal's width at blanks, never cutting a word; a pipe gets it unchanged."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

import click

from deploy.agent.line import texts

NARROWEST = 20
INDENT = 4


def terminal_width() -> int | None:
    """Return the width of the terminal that answers go to; None if it is no terminal."""
    if not sys.stdout.isatty():
        return None
    # A dear import, which a pipe need not pay for
    import shutil

    return max(shutil.get_terminal_size().columns, NARROWEST)


def visible(text: str) -> int:
    """Return the number of columns that a text takes, without its colours."""
    return len(click.unstyle(text))


def is_too_wide(text: str) -> bool:
    """Return True if a line of a text is wider than the terminal."""
    width = terminal_width()
    return width is not None and any(visible(line) > width for line in text.splitlines())


def fitted(text: str, indent: int = INDENT, whole: Iterable[str] = ()) -> str:
    """Break lines that are too long at blanks; their rest is indented by `indent` from the line's beginning.

    Lines to type stay in one piece, and so do the texts in `whole`.
    """
    width = terminal_width()
    if width is None:
        return text
    pieces = {piece for piece in (*texts(), *whole) if " " in piece}
    return "\n".join(
        _broken(line, width, indent, pieces) if visible(line) > width else line for line in text.split("\n")
    )


def _broken(line: str, width: int, indent: int, whole: set[str]) -> str:
    text = line.lstrip(" ")
    before = len(line) - len(text)
    deeper = " " * (before + indent)
    lines: list[str] = []
    first, *words = _words(text, whole)
    current = " " * before + first
    for word in words:
        longer = f"{current} {word}"
        if current.strip() and word and visible(longer) > width:
            lines.append(current.rstrip(" "))
            current = f"{deeper}{word}"
        else:
            current = longer
    return "\n".join([*lines, current])


def _words(text: str, whole: set[str]) -> list[str]:
    """Split a text at its blanks, but not within a piece that stays whole."""
    kept = [match.span() for piece in whole for match in re.finditer(re.escape(piece), text)]
    blanks = [place for place, character in enumerate(text) if character == " "]
    free = [place for place in blanks if not any(start <= place < end for start, end in kept)]
    return [text[start:end] for start, end in zip([0, *(place + 1 for place in free)], [*free, len(text)], strict=True)]
