"""Few-shot examples from a file: `.txt` with [Q] and [A], or `.jsonl`; every problem with its line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePath

from deploy.errors import Problem, SpecError
from deploy.fields.messages import ROLES, Message
from deploy.protocols.doors.making import BLANKS
from deploy.strict import shown, text_faults
from deploy.text_file import with_line_feeds
from deploy.words import did_you_mean

_MARK = re.compile(r"\s*\[\s*(q|a|instruction)\s*\](.*)", re.IGNORECASE | re.DOTALL)
_CYRILLIC_MARK = re.compile(r"\s*\[\s*[\u0410\u0430]\s*\]")
_MARK_ROLES = {"q": "user", "a": "assistant", "instruction": "system"}
_PAIRS = (("prompt", "response"), ("prompt", "completion"), ("question", "answer"))
_SHAPES = (
    'write {"messages": [...]}, {"role": ..., "content": ...}, {"prompt": ..., "response": ...}'
    ' or {"question": ..., "answer": ...}'
)


@dataclass
class _Reading:
    file: str
    messages: list[Message] = field(default_factory=list)
    turns: list[tuple[int, str]] = field(default_factory=list)
    """Role of each turn, and its line."""
    problems: list[Problem] = field(default_factory=list)
    is_broken: bool = False
    """True if the role of some line is unknown."""

    def complain(self, line: int, message: str, *, is_broken: bool = True) -> None:
        self.is_broken |= is_broken
        self.problems.append(Problem(self.file, line, 1, "", message))

    def add(self, line: int, role: object, content: object) -> None:
        """Add a message, or note its fault."""
        if role not in ROLES:
            self.complain(line, f"{shown(role)} is not a role: {', '.join(ROLES)}{did_you_mean(str(role), ROLES)}")
            return
        self.turns.append((line, role))
        if not isinstance(content, str):
            wrong = f"{shown(content)} is not the text of a message"
            self.complain(line, wrong, is_broken=False)
        elif not content.strip(BLANKS):
            self.complain(line, "the message is empty", is_broken=False)
        else:
            content, _ = with_line_feeds(content)
            for wrong in (faults := list(text_faults(content))):
                self.complain(line, f"the message {wrong}", is_broken=False)
            if not faults:
                self.messages.append(Message(role=role, content=content))


def read_examples(file: str, text: str) -> tuple[Message, ...]:
    """Return the examples of a file by its name and text; SpecError carries every problem with its line.

    Every line of the text ends with a line feed alone. An [Instruction] of a `.txt` becomes a message of the system.
    """
    readers = {".txt": _read_marked, ".jsonl": _read_json_lines}
    reader = readers.get(PurePath(file).suffix.lower())
    if reader is None:
        raise SpecError([Problem(file, 0, 0, "", "is neither a .txt with [Q] and [A] nor a .jsonl")])
    reading = _Reading(file)
    reader(reading, text.removeprefix("\ufeff").split("\n"))
    if not reading.problems and not reading.messages:
        reading.complain(1, "holds no examples")
    if reading.problems:
        raise SpecError(reading.problems)
    return tuple(reading.messages)


def _read_marked(reading: _Reading, lines: list[str]) -> None:
    blocks: list[tuple[int, str, list[str]]] = []
    for number, line in enumerate(lines, 1):
        if match := _MARK.fullmatch(line):
            blocks.append((number, _MARK_ROLES[match[1].lower()], [match[2]]))
        elif _CYRILLIC_MARK.match(line):
            reading.complain(number, "the letter in this mark is Cyrillic; write [A] with a Latin A")
        elif blocks:
            blocks[-1][2].append(line)
        elif line.strip():
            reading.complain(number, "text before the first [Q]; begin the line with [Q], [A] or [Instruction]")
    for number, role, parts in blocks:
        reading.add(number, role, "\n".join(part.rstrip(BLANKS) for part in parts).strip(BLANKS))
    if not reading.is_broken:
        _tell_unanswered(reading)


def _tell_unanswered(reading: _Reading) -> None:
    """Report each [Q] without an [A] behind it: a mark is missing there."""
    asked = [turn for turn in reading.turns if turn[1] != "system"]
    for index, (line, role) in enumerate(asked):
        after = asked[index + 1][1] if index + 1 < len(asked) else ""
        if role == "user" and after != "assistant":
            ends = "the next message is a question again" if after else "the examples end here"
            reading.problems.append(Problem(reading.file, line, 1, "", f"a question without an answer; {ends}"))


def _read_json_lines(reading: _Reading, lines: list[str]) -> None:
    import json

    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            data = json.loads(line)
        except (ValueError, RecursionError) as error:
            column = getattr(error, "colno", 1)
            why = getattr(error, "msg", "too deep").lower()
            reading.problems.append(Problem(reading.file, number, column, "", f"not JSON: {why}"))
            continue
        for role, content in _said(reading, number, data):
            reading.add(number, role, content)


def _said(reading: _Reading, number: int, data: object) -> Iterator[tuple[object, object]]:
    """Yield the roles and texts of a line."""
    if not isinstance(data, dict):
        reading.complain(number, f"{shown(data)} is no example; {_SHAPES}")
        return
    keys = set(data)
    pair = next((pair for pair in _PAIRS if keys == set(pair)), None)
    if pair:
        yield from zip(("user", "assistant"), (data[key] for key in pair), strict=True)
    elif keys == {"role", "content"}:
        yield data["role"], data["content"]
    elif keys == {"messages"} and isinstance(data["messages"], list) and data["messages"]:
        for message in data["messages"]:
            if isinstance(message, dict) and set(message) == {"role", "content"}:
                yield message["role"], message["content"]
            else:
                reading.complain(number, f"{shown(message)} is no message; it needs `role` and `content`, nothing else")
    else:
        reading.complain(number, f"the keys {', '.join(map(shown, sorted(keys))) or '(none)'} do not fit; {_SHAPES}")
