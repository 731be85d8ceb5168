"""Actions of a template, split into words, signs and texts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.strict import shown

_LEFT = re.compile(r"\{\{(?:-[ \t\r\n])?")
_COMMENT = re.compile(r"/\*.*?\*/(?:[ \t\r\n]-)?\}\}", re.DOTALL)
_END = re.compile(r"(?:[ \t\r\n]-)?\}\}")
_AFTER = r"(?=[ \t\r\n.,|:()]|\}\}|\Z)"
_DIGITS = (
    r"(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO](?:_?[0-7])+|[0-9](?:_?[0-9])*"
    r"|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
)
_TOKEN = re.compile(
    r"(?P<space>[ \t\r\n](?:[ \t\r\n](?!-\}\}))*(?!-\}\}))"
    r'|(?P<text>"(?:[^"\\\n]|\\[^\n])*"|`[^`]*`)'
    r"|(?P<char>'(?:[^'\\\n]|\\[^'\n]+|\\')')"
    rf"|(?P<number>[+-]?{_DIGITS}(?![\w.]))"
    rf"|(?P<variable>\$\w*{_AFTER})"
    rf"|(?P<field>\.\w+{_AFTER})"
    rf"|(?P<dot>\.{_AFTER})"
    rf"|(?P<word>\w+{_AFTER})"
    r"|(?P<declare>:=)|(?P<assign>=)|(?P<pipe>\|)|(?P<comma>,)|(?P<left>\()|(?P<right>\))"
)


@dataclass(frozen=True)
class Token:
    """A word, sign or text of an action; blanks between them have the kind `space`."""

    kind: str
    text: str


@dataclass(frozen=True)
class Action:
    """The part between `{{` and `}}`: its line and its tokens, or the reason why it cannot be read."""

    line: int
    tokens: tuple[Token, ...]
    fault: str = ""


def actions(template: str) -> Iterator[Action]:
    """Yield the actions in their order; an action without an end is the last one."""
    place = 0
    while opening := _LEFT.search(template, place):
        line = template.count("\n", 0, opening.start()) + 1
        if template.startswith("/*", opening.end()):
            comment = _COMMENT.match(template, opening.end())
            if comment is None:
                yield Action(line, (), "a comment ends with */}} and begins with {{/*")
                return
            place = comment.end()
            continue
        action, place = _action(template, opening.end(), line)
        yield action
        if place < 0:
            return


def _action(template: str, place: int, line: int) -> tuple[Action, int]:
    tokens: list[Token] = []
    while place < len(template):
        if end := _END.match(template, place):
            return Action(line, tuple(tokens)), end.end()
        token = _TOKEN.match(template, place)
        if token is None:
            after = template.find("}}", place)
            next_left = template.find("{{", place)
            if after < 0 or 0 <= next_left < after:
                return Action(line, tuple(tokens), _unclosed(template, place)), -1
            return Action(line, tuple(tokens), _odd(template[place])), after + 2
        tokens.append(Token(str(token.lastgroup), token[0]))
        place = token.end()
    return Action(line, tuple(tokens), "{{ is never closed by }}"), -1


def _unclosed(template: str, place: int) -> str:
    return "{{ is not closed by }} before the next {{" if template[place] == "{" else "{{ is never closed by }}"


def _odd(char: str) -> str:
    if char == "'":
        return "' holds a single character; a text stands in double quotes"
    if char == '"':
        return "a text is not closed in its line"
    return f"{shown(char)} cannot stand here"
