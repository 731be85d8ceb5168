"""The instructions of a Modelfile's text, each with its line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deploy.errors import Problem
from deploy.modelfile.grammar import end_of_value, is_kept, unquoted
from deploy.modelfile.messages import ROLES
from deploy.spec.fields import shown
from deploy.spec.wording import did_you_mean

INSTRUCTIONS = (
    *("from", "parameter", "template", "system", "adapter", "license", "message", "requires"),
    *("renderer", "parser", "draft"),
)
_SKIPPED = re.compile(r"(?:[ \t\r\n]|#[^\r\n]*)+")
_WORD = re.compile(r"[^ \t\r\n]+")
_KNOWN = tuple(name.upper() for name in INSTRUCTIONS)
_ONE_BLANK = "exactly one blank must stand before it"


@dataclass(frozen=True)
class Instruction:
    """One instruction: its name in small letters, a parameter's name or a message's role, and its value."""

    line: int
    name: str
    word: str
    value: str


class _ScanError(Exception):
    def __init__(self, place: int, message: str, goes_on: int) -> None:
        super().__init__(message)
        self.place, self.message, self.goes_on = place, message, goes_on


def scan(file: str, text: str) -> tuple[list[Instruction], list[Problem]]:
    """Return the instructions in their order, and each fault of the grammar with its place."""
    text = "".join(filter(is_kept, text))
    found, problems = [], []
    place = _skip(text, 0)
    while place < len(text):
        try:
            instruction, place = _instruction(text, place)
            found.append(instruction)
        except _ScanError as fault:
            problems.append(Problem(file, *_line_and_column(text, fault.place), "", fault.message))
            place = fault.goes_on
        place = _skip(text, place)
    return found, problems


def _instruction(text: str, start: int) -> tuple[Instruction, int]:
    given, place = _word(text, start)
    name = given.lower()
    if name not in INSTRUCTIONS:
        near = did_you_mean(given.upper(), _KNOWN)
        known = near or f"; known are {', '.join(_KNOWN)}"
        raise _ScanError(start, f"{shown(given)} is not an instruction{known}", _line_end(text, place))
    place = _after_blank(text, start, place, f"{given.upper()} has no value")
    word = ""
    if name in ("parameter", "message"):
        word, place = _second(text, start, place, name)
    end = end_of_value(text, place)
    if end < 0:
        raise _ScanError(place, "a quote is opened here and never closed at a line's end", len(text))
    value = unquoted(text[place:end].strip(" \t\r\n")) or ""
    return Instruction(_line_and_column(text, start)[0], name, word, value), end


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
    found = _WORD.match(text, start)
    return (found[0], found.end()) if found else ("", start)


def _after_blank(text: str, start: int, place: int, missing: str) -> int:
    if text[place : place + 1] not in (" ", "\t"):
        raise _ScanError(start, missing, place)
    return place + 1


def _skip(text: str, place: int) -> int:
    found = _SKIPPED.match(text, place)
    return found.end() if found else place


def _line_end(text: str, place: int) -> int:
    found = re.compile(r"[\r\n]").search(text, place)
    return found.start() if found else len(text)


def _line_and_column(text: str, place: int) -> tuple[int, int]:
    before = re.split(r"\r\n|\r|\n", text[:place])
    return len(before), len(before[-1]) + 1
