"""A second reader of Modelfiles, character by character, that shares nothing with the kit's own."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field

BLANKS = " \t"
NEWLINES = "\r\n"
NAMES = [
    "from",
    "license",
    "template",
    "system",
    "adapter",
    "draft",
    "renderer",
    "parser",
    "parameter",
    "message",
    "requires",
]


class UnreadableError(Exception):
    """Not a Modelfile."""


@dataclass
class Reader:
    """Reads one character after the other; what cannot be printed is forgotten on the way."""

    commands: list[tuple[str, str, str]] = field(default_factory=list)
    state: str = "between"
    name: str = ""
    word: str = ""
    kept: str = ""

    def read(self, char: str) -> None:
        if self.state == "comment":
            self.state = "between" if char in NEWLINES else "comment"
        elif self.state == "between":
            self.between(char)
        elif self.state == "name":
            self.named(char)
        elif self.state == "word":
            self.worded(char)
        else:
            self.valued(char)

    def between(self, char: str) -> None:
        if char == "#":
            self.state = "comment"
        elif char not in BLANKS + NEWLINES:
            self.state, self.name, self.word, self.kept = "name", char, "", ""

    def named(self, char: str) -> None:
        if char in BLANKS:
            self.name = self.name.lower()
            if self.name not in NAMES:
                raise UnreadableError(self.name)
            self.state = "word" if self.name in ("parameter", "message") else "value"
        elif char.isascii() and char.isalpha():
            self.name += char
        else:
            raise UnreadableError(self.name + char)

    def worded(self, char: str) -> None:
        if char in BLANKS:
            self.state = "value"
        elif char.isascii() and (char.isalnum() or char == "_"):
            self.word += char
        else:
            raise UnreadableError(self.word + char)

    def valued(self, char: str) -> None:
        if char in NEWLINES and self.close():
            return
        if char in BLANKS + NEWLINES or unicodedata.category(char)[0] in "LMNPS":
            self.kept += char

    def close(self) -> bool:
        """End the value if its quotes are closed."""
        value = self.kept.strip(BLANKS + NEWLINES)
        width = 3 if value[:3] == '"""' else 1 if value[:1] == '"' else 0
        if width and (len(value) < 2 * width or value[-width:] != '"' * width):
            return False
        self.commands.append((self.name, self.word, value[width : len(value) - width]))
        self.state = "between"
        return True


def parsed(text: str) -> list[tuple[str, str, str]]:
    """Every instruction: its name, a parameter's name or a message's role, its value."""
    reader = Reader()
    for char in text:
        reader.read(char)
    if reader.state in ("name", "word") or (reader.state == "value" and not reader.close()):
        raise UnreadableError("unexpected end")
    if not any(name == "from" for name, _, _ in reader.commands):
        raise UnreadableError("no FROM line")
    return reader.commands
