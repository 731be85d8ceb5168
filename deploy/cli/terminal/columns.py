"""Plans, checks and states as text for people: aligned columns, few colours."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import click

from deploy.cli.terminal.fitting import fitted, is_too_wide, visible
from deploy.verify.report import Report, named

COLOURS = {
    "install": "green",
    "build": "green",
    "pull": "green",
    "receive": "green",
    "fetch": "green",
    "create": "green",
    "place": "green",
    "accept": "green",
    "start": "green",
    "set": "yellow",
    "change": "yellow",
    "recreate": "yellow",
    "move": "yellow",
    "begin": "yellow",
    "adopt": "yellow",
    "remove": "red",
    "refused:": "red",
    "note:": "cyan",
}
SHORT = 12
"""Longest cell that is never broken."""
_CELLS = re.compile(r"^(?!refused:|note:)(\S+) {2,}(\S.*?) {2,}(\S.*)$", re.MULTILINE)
"""Line of an operation: the action, its resource, and the cause."""


def coloured_plan(text: str) -> str:
    """Return a plan with the first word of each line in colour; in a narrow terminal, causes stand below."""
    lines = text.rstrip("\n").split("\n")
    if is_too_wide(text):
        lines = _CELLS.sub(r"\1  \2\n    \3", "\n".join(lines)).split("\n")
    return "\n".join(_coloured(line) for line in lines)


def _coloured(line: str) -> str:
    first = line.split(" ", 1)[0]
    return click.style(first, fg=COLOURS[first]) + line[len(first) :] if first in COLOURS else line


def report_table(report: Report) -> str:
    """Return a report as text: a line for each check, then each cause of a failure in full, and the sum."""
    rows = [(_outcome(check.outcome), check.service, check.name, f"{check.seconds:.1f} s") for check in report.checks]
    why = [
        f"{_outcome('failed')}  {named(checks)}\n{_indented(message)}"
        for message, checks in report.causes("failed").items()
    ]
    figures, left_out = (
        "\n".join(dim(f"{named(checks)}: {message}") for message, checks in report.causes(outcome).items() if message)
        for outcome in ("passed", "skipped")
    )
    return "\n\n".join(part for part in (columns(rows), figures, left_out, *why, report.summary()) if part)


def _outcome(outcome: str) -> str:
    return {"passed": good, "failed": bad}.get(outcome, dim)(outcome)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


def columns(rows: Iterable[Sequence[str]], headings: Sequence[str] = ()) -> str:
    """Return aligned cells, which may hold colours; if the terminal is too narrow, each row becomes lines."""
    rows = [tuple(row) for row in rows]
    aligned = _aligned(rows, headings)
    if not is_too_wide(aligned):
        return aligned
    if not headings:
        short = {cell for row in rows for cell in row if visible(cell) <= SHORT}
        return fitted("\n".join("  ".join(filter(None, row)) for row in rows), whole=short)
    return "\n".join(_record(row, headings) for row in rows)


def _record(row: Sequence[str], headings: Sequence[str]) -> str:
    wide = max(map(len, headings))
    under = [
        fitted(f"  {heading:<{wide}}  {cell}", wide + 2) for heading, cell in zip(headings, row, strict=True) if cell
    ]
    return "\n".join([fitted(row[0]), *under[1 if row[0] else 0 :]])


def _aligned(rows: Iterable[Sequence[str]], headings: Sequence[str]) -> str:
    lines = [tuple(headings), *map(tuple, rows)] if headings else [tuple(row) for row in rows]
    widths = [max(visible(row[place]) for row in lines) for place in range(len(lines[0]))] if lines else []
    return "\n".join(
        "  ".join(cell + " " * (width - visible(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in lines
    )


def good(text: str) -> str:
    """Return a text in the colour of a good state."""
    return click.style(text, fg="green")


def bad(text: str) -> str:
    """Return a text in the colour of a bad state."""
    return click.style(text, fg="red")


def dim(text: str) -> str:
    """Return a text in the colour of a detail."""
    return click.style(text, dim=True)
