"""What the YAML parser says, in words that help."""

from __future__ import annotations

import yaml

from deploy.spec.document import Place

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


def syntax_words(error: yaml.YAMLError, text: str) -> tuple[Place, str]:
    """Return where the file stops being YAML and why."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    problem = str(getattr(error, "problem", None) or "this cannot be read")
    place = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    if problem.startswith("found a tab"):
        found = "a tab; indent with spaces"
    elif problem.startswith("found character"):
        lines = text.splitlines()
        char = lines[mark.line][mark.column : mark.column + 1] if mark and mark.line < len(lines) else ""
        found = "a tab; indent with spaces" if char == "\t" else f"text that begins with {char!r} needs quotes"
    else:
        found = next((words for begin, words in _WORDS if begin in problem), problem)
    return place, f"not YAML: {found}"
