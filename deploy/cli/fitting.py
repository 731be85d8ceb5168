"""Text within the width of a terminal: broken between words and indented, never cut; on a pipe it stays as it is."""

from __future__ import annotations

import sys

import click

from deploy.cli.calling import together

NARROWEST = 20
INDENT = 4
JOINT = "\N{NO-BREAK SPACE}"
"""Stands for the blanks of what is not to be broken: a line to type, a number and its unit."""


def terminal_width() -> int | None:
    """Return how wide the terminal is that answers go to; None where they go elsewhere."""
    if not sys.stdout.isatty():
        return None
    # A dear import, which a pipe need not pay for
    import shutil

    return max(shutil.get_terminal_size().columns, NARROWEST)


def visible(text: str) -> int:
    """Return how many places a text takes, its colours left out."""
    return len(click.unstyle(text))


def is_too_wide(text: str) -> bool:
    """Say whether a line of a text would leave the terminal."""
    width = terminal_width()
    return width is not None and any(visible(line) > width for line in text.splitlines())


def fitted(text: str, indent: int = INDENT) -> str:
    """Break the lines that are too long; what follows stands this much deeper than its line begins."""
    width = terminal_width()
    if width is None:
        return text
    lines = together(text, JOINT).split("\n")
    broken = "\n".join(_broken(line, width, indent) if visible(line) > width else line for line in lines)
    return broken.replace(JOINT, " ")


def _broken(line: str, width: int, indent: int) -> str:
    text = line.lstrip(" ")
    before = len(line) - len(text)
    deeper = " " * (before + indent)
    lines: list[str] = []
    first, *words = text.split(" ")
    current = " " * before + first
    for word in words:
        longer = f"{current} {word}"
        if current.strip() and word and visible(longer) > width:
            lines.append(current.rstrip(" "))
            current = f"{deeper}{word}"
        else:
            current = longer
    return "\n".join([*lines, current])
