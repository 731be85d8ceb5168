"""Templates rendered with a model's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from tests.doubles.ollama.golang import compact, shown
from tests.doubles.ollama.gotemplate import FUNCTIONS, WORDS, Node


class Renderer:
    """Renders with values; a field that is not there is nothing."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.variables: dict[str, Any] = {"$": values}

    def render(self, nodes: list[Node], dot: Any) -> str:
        """Return the text of nodes, with `.` being something."""
        return "".join(self._one(node, dot) for node in nodes)

    def _one(self, node: Node, dot: Any) -> str:
        if node.verb == "text":
            return node.text
        if node.verb == "range":
            return self._range(node, dot)
        if node.verb in ("if", "with"):
            value = self._value(node.words, dot)
            inner = value if node.verb == "with" else dot
            return self.render(node.inner, inner) if value else self.render(node.otherwise, dot)
        if node.verb != "print":
            return ""
        value = self._value(node.words, dot)
        if node.words[1:2] in ([":="], ["="]):
            return ""
        return "<no value>" if value is None else shown(value)

    def _range(self, node: Node, dot: Any) -> str:
        words, names = node.words, []
        if ":=" in words:
            names = [word for word in words[: words.index(":=")] if word != ","]
            words = words[words.index(":=") + 1 :]
        items = self._value(words, dot) or []
        text = []
        for index, item in enumerate(items):
            self.variables.update(zip(names, [item] if len(names) == 1 else [index, item], strict=False))
            text.append(self.render(node.inner, item))
        return "".join(text) if items else self.render(node.otherwise, dot)

    def _value(self, words: list[str], dot: Any) -> Any:
        if len(words) > 2 and words[1] in (":=", "="):
            self.variables[words[0]] = self._value(words[2:], dot)
            return None
        value: Any = None
        for number, command in enumerate(_split(words)):
            arguments = [*_grouped(command)]
            value = self._call(arguments, dot, [value] if number else [])
        return value

    def _call(self, arguments: list[str | list[str]], dot: Any, piped: list[Any]) -> Any:
        first = arguments[0]
        rest = [self._term(argument, dot) for argument in arguments[1:]] + piped
        if isinstance(first, str) and first in FUNCTIONS:
            return _apply(first, rest)
        return self._term(first, dot)

    def _term(self, term: str | list[str], dot: Any) -> Any:
        if isinstance(term, list):
            # What follows a parenthesis at once is a field of its value.
            field = term[-1] if term and term[-1].startswith(").") else ""
            value = self._value(term[:-1] if field else term, dot)
            return value.get(field[2:]) if field and isinstance(value, dict) else value
        if term[0] in '"`':
            return term[1:-1].encode().decode("unicode_escape") if term[0] == '"' else term[1:-1]
        if re.fullmatch(r"-?\d+", term):
            return int(term)
        if term in WORDS:
            return {"nil": None, "true": True, "false": False}[term]
        head, *path = term.split(".")
        value = self.variables.get(head) if head.startswith("$") else dot
        for part in filter(None, path):
            value = value.get(part) if isinstance(value, dict) else None
        return value


def _split(words: list[str]) -> list[list[str]]:
    commands: list[list[str]] = [[]]
    depth = 0
    for word in words:
        depth += {"(": 1, ")": -1}.get(word, 0)
        if word == "|" and depth == 0:
            commands.append([])
        else:
            commands[-1].append(word)
    return commands


def _grouped(words: list[str]) -> Iterator[str | list[str]]:
    depth, group = 0, list[str]()
    waiting: list[str] = []
    for word in words:
        if waiting:
            yield [*waiting, f"){word}"] if word.startswith(".") else waiting
            attached, waiting = word.startswith("."), []
            if attached:
                continue
        if word == ")":
            depth -= 1
            if depth == 0:
                waiting, group = group, []
                continue
        if depth:
            group.append(word)
        elif word != "(":
            yield word
        depth += word == "("
    if waiting:
        yield waiting


def _formatted(pattern: str, values: list[Any]) -> str:
    left = iter(values)
    return re.sub(r"%[svdq]", lambda found: shown(next(left, f"%!{found[0][1]}(MISSING)")), pattern)


def _apply(name: str, values: list[Any]) -> Any:
    first = values[0] if values else None
    pairs = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}
    if name in pairs:
        order = (first > values[1]) - (first < values[1])
        return order in {"<": (-1,), "<=": (-1, 0), ">": (1,), ">=": (1, 0)}[pairs[name]]
    simple: dict[str, Callable[[], Any]] = {
        "and": lambda: next((value for value in values if not value), values[-1]),
        "or": lambda: next((value for value in values if value), values[-1]),
        "not": lambda: not first,
        "eq": lambda: first in values[1:],
        "ne": lambda: first != values[1],
        "len": lambda: len(first or ()),
        "index": lambda: first[values[1]] if first else None,
        "slice": lambda: (first or [])[slice(*[*values[1:3], None][:2])],
        "printf": lambda: _formatted(str(first), values[1:]),
        "json": lambda: compact(first),
    }
    return simple[name]() if name in simple else "".join(map(shown, values))
