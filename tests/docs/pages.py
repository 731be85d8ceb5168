"""The pages that people wrote: their blocks, their lines to type, their links and headings."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click

from deploy.cli.main import cli
from tests.docs.reference import PAGE as REFERENCE
from tests.tree import REPOSITORY

README = REPOSITORY / "README.md"
PAGES = (
    README,
    REPOSITORY / "CONTRIBUTING.md",
    REPOSITORY / "SECURITY.md",
    *sorted(page for page in (REPOSITORY / "docs").rglob("*.md") if page != REFERENCE),
)
VARIABLE = re.compile(r"[A-Z_]+=")
KIT = ("kit", "./kit")


def name_of(page: Path) -> str:
    """Return a page's path inside the repository."""
    return str(page.relative_to(REPOSITORY))


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def command_lines(page: Path) -> list[str]:
    """Return every line of the blocks for the shell."""
    lines = [line.strip() for block in blocks(page, "sh") for line in block.replace("\\\n", " ").splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def kit_lines(page: Path) -> list[str]:
    """Return every line that calls kit, in blocks and between backticks."""
    spans = [span for span in re.findall(r"`([^`\n]+)`", page.read_text()) if is_kit(span) and " " in span]
    return [line for line in (*command_lines(page), *spans) if is_kit(line)]


def is_kit(line: str) -> bool:
    """Return whether a line calls kit."""
    return words_of(line)[:1] in ([KIT[0]], [KIT[1]])


def words_of(line: str) -> list[str]:
    """Return a line's words behind its variables."""
    try:
        words = shlex.split(line, comments=True)
    except ValueError:  # a span of some other language
        return []
    while words and VARIABLE.match(words[0]):
        words.pop(0)
    return words


def parse(words: list[str]) -> None:
    """Parse a command line to its last option and run nothing."""
    context = cli.make_context("kit", list(words))
    command: click.Command = cli
    while isinstance(command, click.Group):
        name, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None, words
        command, context = found, found.make_context(name, rest, parent=context)


def links(page: Path) -> list[str]:
    """Return the links that lead into the repository."""
    return re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text())


def anchors(page: Path) -> set[str]:
    """Return what a link may name behind a page's `#`."""
    heads = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
