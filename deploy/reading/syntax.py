"""Messages of the YAML parser, in words that help."""

from __future__ import annotations

import re

import yaml

from deploy.reading.document import Place

_WORDS = (
    ("mapping values are not allowed", "a ':' too many; text that holds ': ' needs quotes"),
    ("could not find expected ':'", "no ':' after this key, or a quote that is not closed"),
    ("did not find expected key", "the indentation does not fit the lines above, or text goes on after its quote"),
    ("did not find expected '-'", "the entries of a list must begin in one column with '- '"),
    ("block sequence entries are not allowed", "a list cannot begin here; begin it in a line of its own"),
    ("did not find expected ',' or '}'", "a ',' or '}' is missing"),
    ("did not find expected ',' or ']'", "a ',' or ']' is missing"),
    ("found unexpected end of stream", "a quote is opened and never closed"),
    ("found unknown escape character", "an unknown '\\' sequence; single quotes take '\\' as it is"),
    ("did not find expected node content", "a value is missing or a bracket is not closed"),
    ("did not find expected <document start>", "nothing may follow here; is the first line indented?"),
    ("did not find expected alphabetic or numeric character", "text that begins with '&' or '*' needs quotes"),
)
_KEYS = ("mapping values are not allowed", "could not find expected ':'", "did not find expected")
"""Parser messages that mean a missing key in an earlier line."""
_GLUED = re.compile(r"( *(?:- +)*)([A-Za-z_][\w-]*):(?![\s/]|$)")
"""A key with its value right behind the colon, which YAML reads as one word; `//` makes it an address."""


def _glued(lines: list[str], number: int) -> tuple[Place, str] | None:
    """Return the place of a key without a blank behind it, in the line that stops the parser or the line above."""
    last = min(number, len(lines) - 1)
    above = next((place for place in range(number - 1, -1, -1) if _says_something(lines[place])), last)
    for place in (above, last) if lines else ():
        if match := _GLUED.match(lines[place]):
            return (place + 1, match.end(1) + 1), f"a blank is missing behind `{match[2]}:`"
    return None


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def syntax_words(error: yaml.YAMLError, text: str) -> tuple[Place, str]:
    """Return the place where the file stops being YAML, and the reason."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "this cannot be read")
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if mark and problem.startswith(_KEYS) and (glued := _glued(text.splitlines(), mark.line)):
        return glued[0], f"not YAML: {glued[1]}"
    if problem.startswith("found a tab"):
        reason = "a tab; indent with spaces"
    elif problem.startswith("found character"):
        lines = text.splitlines()
        char = lines[mark.line][mark.column : mark.column + 1] if mark and mark.line < len(lines) else ""
        reason = "a tab; indent with spaces" if char == "\t" else f"text that begins with {char!r} needs quotes"
    else:
        reason = next((words for begin, words in _WORDS if begin in problem), problem)
    return place, f"not YAML: {reason}"
