"""Output of the program: answers to stdout, everything else to stderr; with --json, one JSON document."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TextIO

import click

from deploy.cli.terminal.fitting import fitted

FORMAT = 2
"""Format of every document: since 2, facts about hosts are under their names."""


@dataclass(frozen=True)
class Output:
    """Printer of a verb."""

    as_json: bool = False
    verbose: bool = False

    def answer(self, text: str, document: Mapping[str, object], *, is_fitted: bool = False) -> None:
        """Print a verb's only answer: as text, optionally fitted to the terminal's width, or as the JSON document."""
        if self.as_json:
            print_json(document)
        elif text:
            echo(fitted(text) if is_fitted else text, sys.stdout)

    def say(self, text: str) -> None:
        """Print words beside the answer."""
        echo(text, sys.stderr if self.as_json else sys.stdout)

    def note(self, text: str) -> None:
        """Print words that belong to no answer, such as progress."""
        echo(text, sys.stderr)

    @property
    def can_ask(self) -> bool:
        """Return True if a person can answer a question."""
        return sys.stdin.isatty() and sys.stderr.isatty()

    def confirmed(self, question: str) -> bool:
        """Ask for yes or no; the end of the input means no."""
        return self.asked(f"{question} [y/N]").strip().lower() in ("y", "yes")

    def asked(self, question: str) -> str:
        """Ask for a line of text; the end of the input means an empty line."""
        click.echo(f"{question} ", nl=False, err=True)
        line = sys.stdin.readline()
        if not (line.endswith("\n") and sys.stdin.isatty()):
            click.echo(err=True)
        return line.rstrip("\n")


def print_json(document: Mapping[str, object]) -> None:
    """Print the only JSON document of a run."""
    import json

    click.echo(json.dumps({"format": FORMAT, **document}, indent=2, ensure_ascii=False))


def echo(text: str, stream: TextIO) -> None:
    """Print text, without its colours if the stream takes none."""
    click.echo(text, file=stream, color=is_coloured(stream))


def is_coloured(stream: TextIO) -> bool:
    """Return True if a stream takes colours: it is a terminal, not a dumb one, and NO_COLOR is unset."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
