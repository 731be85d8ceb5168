"""Instructions of a Modelfile's text, each with its line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.errors import Problem
from deploy.fields.messages import ROLES
from deploy.line_numbers import in_lines, lines_of
from deploy.printable import described, dropped, seen
from deploy.protocols.ollama.grammar import BLANKS, TRIPLE, View, end_of_value, unquoted, view
from deploy.strict import shown
from deploy.words import did_you_mean

INSTRUCTIONS = (
    *("from", "parameter", "template", "system", "adapter", "license", "message", "requires"),
    *("renderer", "parser", "draft"),
)
TEXTS = ("template", "system", "license", "message")
"""Instructions whose value is a person's text."""
_SKIPPED = re.compile(r"(?:[ \t\n]|#[^\n]*)+")
_WORD = re.compile(r"[^ \t\n]+")
_KNOWN = tuple(name.upper() for name in INSTRUCTIONS)
KNOWN_ARE = "; known are "
"""Part of the problem of a word that is not similar to any instruction."""
_PROSE = 50
"""Number of prose lines that are compared with every instruction."""
_ONE_BLANK = "exactly one blank must stand before it"


@dataclass(frozen=True)
class Instruction:
    """An instruction: its name in small letters, a parameter's name or a message's role, and its value."""

    line: int
    name: str
    word: str
    value: str
    """The value as the person wrote it."""

    @property
    def seen(self) -> str:
        """The value as the engine's reader sees it."""
        return seen(self.value)


class _ScanError(Exception):
    def __init__(self, place: int, message: str, goes_on: int, *, is_prose: bool = False) -> None:
        super().__init__(message)
        self.place, self.message, self.goes_on, self.is_prose = place, message, goes_on, is_prose


@dataclass
class _Scanning:
    file: str
    view: View
    placed: Callable[[int], tuple[int, int]]
    instructions: list[Instruction] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    prose: list[tuple[Problem, Instruction | None]] = field(default_factory=list)
    """Lines that begin with no instruction and no similar word, each with the instruction before it."""

    def complain(self, fault: _ScanError) -> None:
        problem = Problem(self.file, *self.line_and_column(fault.place), "", fault.message)
        if fault.is_prose:
            self.prose.append((problem, self.instructions[-1] if self.instructions else None))
        else:
            self.problems.append(problem)

    def line_and_column(self, place: int) -> tuple[int, int]:
        return self.placed(self.view.places[place])


def scan(file: str, text: str) -> tuple[list[Instruction], list[Problem]]:
    """Return the instructions in their order, and each fault of the grammar with its place.

    Every line of the text ends with a line feed alone.
    """
    scanning = _Scanning(file, view(text), lines_of(text))
    visible = scanning.view.seen
    place = _skip(visible, 0)
    while place < len(visible):
        try:
            instruction, place = _instruction(scanning, place)
            scanning.instructions.append(instruction)
        except _ScanError as fault:
            scanning.complain(fault)
            place = fault.goes_on
        place = _skip(visible, place)
    return scanning.instructions, [*scanning.problems, *_told_once(scanning.prose)]


def _told_once(prose: list[tuple[Problem, Instruction | None]]) -> list[Problem]:
    """Return one problem for all lines without an instruction: most are the rest of a text without quotes."""
    if len(prose) < 2:
        return [problem for problem, _ in prose]
    first, before = prose[0]
    lines = in_lines(problem.line for problem, _ in prose[1:])
    message = f"{first.message}; {lines} begin{'s' * (len(prose) == 2)} with none either"
    if before is not None and before.name in TEXTS:
        ends = f"the {before.name.upper()} of line {before.line} ends before them"
        message += f"; {ends}, for a text of several lines stands between two times three quote marks"
    return [Problem(first.file, first.line, first.column, "", message)]


def _instruction(scanning: _Scanning, start: int) -> tuple[Instruction, int]:
    text = scanning.view.seen
    given, place = _word(text, start)
    name = given.lower()
    if name not in INSTRUCTIONS:
        raise _unknown(scanning.view, start, place, is_prose=len(scanning.prose) > _PROSE)
    place = _after_blank(text, start, place, f"{given.upper()} has no value")
    word = ""
    if name in ("parameter", "message"):
        word, place = _second(text, start, place, name)
    end = end_of_value(text, place)
    if end < 0:
        raise _ScanError(
            place, f"a quote is opened here and never closed at a line's end{_behind(text, place)}", len(text)
        )
    # From the blank on: what the reader drops right behind it belongs to the value.
    value = unquoted(scanning.view.between(place - 1, end)[1:].strip(BLANKS))
    return Instruction(scanning.line_and_column(start)[0], name, word, value), end


def _behind(text: str, start: int) -> str:
    """Return the words about the line that goes on behind the closing quotes of a value."""
    begin = len(text) - len(text[start:].lstrip(BLANKS))
    quote = TRIPLE if text.startswith(TRIPLE, begin) else '"'
    closed = text.find(quote, begin + len(quote))
    if closed < 0:
        return ""
    number, rest = text.count("\n", 0, closed) + 1, text[closed + len(quote) : _line_end(text, closed)].strip()
    return f"; in line {number} {shown(rest)} stands behind the closing quotes" if rest else ""


def _unknown(whole: View, start: int, place: int, *, is_prose: bool) -> _ScanError:
    given, goes_on = whole.seen[start:place], _line_end(whole.seen, place)
    hidden = dropped().search(whole.between(start, place))
    name = next((name for name in _KNOWN if given.upper().startswith(name)), "")
    if hidden and name:
        what = f"{described(hidden[0])} stands where a plain blank must stand behind {name}"
        return _ScanError(start, what, goes_on)
    near = "" if is_prose else did_you_mean(given.upper(), _KNOWN)
    known = near or f"{KNOWN_ARE}{', '.join(_KNOWN)}"
    return _ScanError(start, f"{shown(given)} is not an instruction{known}", goes_on, is_prose=not near)


def _second(text: str, start: int, place: int, name: str) -> tuple[str, int]:
    """Return the name of a parameter or the role of a message."""
    what = "the parameter's name" if name == "parameter" else "the message's role"
    if text[place : place + 1] in (" ", "\t"):
        raise _ScanError(place, f"{what} is missing; {_ONE_BLANK}", _line_end(text, place))
    word, after = _word(text, place)
    if not word:
        raise _ScanError(start, f"{what} is missing", _line_end(text, place))
    if name == "message" and word not in ROLES:
        near = did_you_mean(word, ROLES)
        raise _ScanError(place, f"{shown(word)} is not a role: {', '.join(ROLES)}{near}", _line_end(text, after))
    return word, _after_blank(text, start, after, f"{name.upper()} {word} has no value")


def _word(text: str, start: int) -> tuple[str, int]:
    match = _WORD.match(text, start)
    return (match[0], match.end()) if match else ("", start)


def _after_blank(text: str, start: int, place: int, missing: str) -> int:
    if text[place : place + 1] not in (" ", "\t"):
        raise _ScanError(start, missing, place)
    return place + 1


def _skip(text: str, place: int) -> int:
    match = _SKIPPED.match(text, place)
    return match.end() if match else place


def _line_end(text: str, place: int) -> int:
    end = text.find("\n", place)
    return len(text) if end < 0 else end
