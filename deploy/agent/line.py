"""Command lines for a person to type, as values: only this module makes their text, from the present call of kit.

The text ends with this run's kit.yaml, so a message's author need not know that path. In a message it is plain text,
and no printer changes it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

PROGRAM = "kit"
WITHOUT_FILE = frozenset({"completion", "import", "schema", "version"})
"""Verbs without a kit.yaml; every other verb takes its path as the last word."""


class _Run:
    """The present call of kit. One process is one run, so its threads share the value."""

    def __init__(self) -> None:
        self.program = PROGRAM
        self.file = ""
        self.texts: set[str] = set()


_RUN = _Run()


def called(program: str = PROGRAM, file: str = "") -> None:
    """Set the present call: the program as typed, and its kit.yaml unless it is the default."""
    _RUN.program = program
    _RUN.texts.clear()
    about(file)


def about(file: str) -> None:
    """Set the kit.yaml of this run, once the verb has its path."""
    _RUN.file = file


def call() -> dict[str, Any]:
    """Return the present call, for a request to another process; empty for plain `kit`."""
    is_plain = _RUN.program == PROGRAM and not _RUN.file
    return {} if is_plain else {"call": {"program": _RUN.program, "file": _RUN.file}}


def called_as(request: dict[str, Any]) -> None:
    """Take over the caller's call; a request without it comes from no command line."""
    called(**request.get("call", {}))


def texts() -> frozenset[str]:
    """Return the text of every line that this run has made; a terminal's printer never splits them."""
    return frozenset(_RUN.texts)


class _Words(NamedTuple):
    words: tuple[str, ...]
    spec: str | None
    prefix: str


class Line(_Words):
    """A verb with its words; its text can be typed as printed."""

    # No dataclasses in what each start of the agent loads: their module takes a tenth of that time.
    __slots__ = ()

    def __new__(cls, *words: str, spec: str | Path | None = None, prefix: str = "") -> Line:
        """Make a line.

        Args:
            words: the verb and what follows it.
            spec: a kit.yaml to name in any case; None names this run's own.
            prefix: what stands before the program.
        """
        return super().__new__(cls, words, None if spec is None else str(spec), prefix)

    def as_root(self, *options: str) -> Line:
        """Return the line under sudo."""
        return Line(*self.words, spec=self.spec, prefix=f"{_shell('sudo', *options)} ")

    def __str__(self) -> str:
        text = f"{self.prefix}{_RUN.program} {_shell(*self.words, *self._file())}"
        _RUN.texts.add(text)
        return text

    def __format__(self, form: str) -> str:
        return format(str(self), form)

    def _file(self) -> tuple[str, ...]:
        if self.words[0] in WITHOUT_FILE or "--stack" in self.words:
            return ()
        name = self.spec or _RUN.file
        if not name:
            return ()
        # The verbs tell a file from a name by a dot or a slash, and from an option by its first character.
        is_plain = ("." in name or "/" in name) and not name.startswith("-")
        return (name if is_plain else f"./{name}",)


def _shell(*words: str) -> str:
    import shlex

    return " ".join(map(shlex.quote, words))
