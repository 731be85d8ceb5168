"""Templates in Go's language, as far as chat templates use it: parsed at once, rendered with a model's messages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.ollama.golang import compact, shown

ACTION = re.compile(r"\{\{(-(?=\s))?(.*?)((?<=\s)-)?\}\}", re.DOTALL)
WORD = re.compile(r'"(?:\\.|[^"\\])*"|`[^`]*`|:=|=|[()|,]|\$?[\w.$]+|\S')
OPENS = {"if", "range", "with", "block", "define"}
FUNCTIONS = {
    *("and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "slice", "print", "printf", "println"),
    *("html", "js", "urlquery", "call", "json", "currentDate", "yesterdayDate", "toTypeScriptType"),
}
WORDS = {"nil", "true", "false"}


class TemplateError(ValueError):
    """The template is none of Go's."""


@dataclass
class Node:
    """Text, or an action with what lies between it and its end."""

    verb: str
    words: list[str] = field(default_factory=list)
    text: str = ""
    inner: list[Node] = field(default_factory=list)
    otherwise: list[Node] = field(default_factory=list)


def parse(source: str) -> list[Node]:
    """Return a template's nodes, or say what Go would say of it."""
    tokens = _tokens(source)
    nodes, end = _block(tokens)
    if end:
        raise TemplateError(f"template: :1: unexpected {{{{{end.verb}}}}}")
    _ensure_variables(nodes, {"$"}, looping=False)
    return nodes


def fields(nodes: list[Node]) -> set[str]:
    """Return what a template asks for, in small letters."""
    found: set[str] = set()
    for node in nodes:
        for word in node.words:
            if not word.startswith(('"', "`")):
                found |= {part.lower() for part in word.lstrip("$").split(".") if part}
        found |= fields(node.inner) | fields(node.otherwise)
    return found


def _tokens(source: str) -> Iterator[Node]:
    at, trim = 0, False
    for found in ACTION.finditer(source):
        yield Node("text", text=_trimmed(source[at : found.start()], trim, bool(found[1])))
        at, trim = found.end(), bool(found[3])
        inside = found[2].strip()
        line = source.count("\n", 0, found.start()) + 1
        if "{{" in inside:
            raise TemplateError(f'template: :{line}: unexpected "{{" in command')
        if inside.startswith("/*"):
            continue
        words = WORD.findall(inside)
        if not words:
            raise TemplateError(f"template: :{line}: missing value for command")
        _ensure_balanced(words, line)
        verb = words[0] if words[0] in {*OPENS, "else", "end", "break", "continue", "template"} else "print"
        words = words[1:] if verb == words[0] else words
        _ensure_known(verb, words, line)
        yield Node(verb, words)
    rest = source[at:]
    if "{{" in rest:
        raise TemplateError(f"template: :{source.count(chr(10)) + 1}: unclosed action")
    yield Node("text", text=_trimmed(rest, trim, False))


def _ensure_known(verb: str, words: list[str], line: int) -> None:
    if verb in ("if", "range", "with") and not words:
        raise TemplateError(f"template: :{line}: missing value for {verb}")
    for word in words if verb not in ("template", "define", "block") else ():
        plain = re.fullmatch(r"[A-Za-z_]\w*", word)
        if plain and word not in FUNCTIONS | WORDS | {"if", "with"}:
            raise TemplateError(f'template: :{line}: function "{word}" not defined')


def _ensure_balanced(words: list[str], line: int) -> None:
    depth = 0
    for word in words:
        if word.startswith('"') and not (len(word) > 1 and word.endswith('"')):
            raise TemplateError(f"template: :{line}: unterminated quoted string")
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth < 0:
            raise TemplateError(f"template: :{line}: unexpected right paren")
    if depth:
        raise TemplateError(f"template: :{line}: unclosed left paren")


def _ensure_variables(nodes: list[Node], known: set[str], looping: bool) -> None:
    known = set(known)
    for node in nodes:
        if node.verb in ("break", "continue") and not looping:
            raise TemplateError(f"template: :1: {{{{{node.verb}}}}} outside {{{{range}}}}")
        if node.verb == "template":
            raise TemplateError("undefined template specified")
        declared = node.words[: node.words.index(":=")] if ":=" in node.words else []
        inner = known | set(declared)
        for word in node.words:
            if word.startswith("$") and word.split(".")[0] not in inner:
                raise TemplateError(f'template: :1: undefined variable "{word.split(".")[0]}"')
        _ensure_variables(node.inner, inner, looping or node.verb == "range")
        _ensure_variables(node.otherwise, inner, looping)
        known |= set(declared) if node.verb == "print" else set()


def _trimmed(text: str, left: bool, right: bool) -> str:
    text = text.lstrip(" \t\r\n") if left else text
    return text.rstrip(" \t\r\n") if right else text


def _block(tokens: Iterator[Node]) -> tuple[list[Node], Node | None]:
    nodes: list[Node] = []
    for node in tokens:
        if node.verb in ("end", "else"):
            return nodes, node
        if node.verb in OPENS:
            node.inner, end = _block(tokens)
            while end and end.verb == "else":
                end = _else(node, end, tokens)
            if end is None:
                raise TemplateError("template: :1: unexpected EOF")
        nodes.append(node)
    return nodes, None


def _else(node: Node, end: Node, tokens: Iterator[Node]) -> Node | None:
    if not end.words:
        node.otherwise, after = _block(tokens)
        return after
    nested = Node(end.words[0], end.words[1:])
    nested.inner, after = _block(tokens)
    if after and after.verb == "else":
        after = _else(nested, after, tokens)
    node.otherwise = [nested]
    return after


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
        return "" if value is None or node.words[1:2] in ([":="], ["="]) else shown(value)

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
            return self._value(term, dot)
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
    for word in words:
        if word == ")":
            depth -= 1
            if depth == 0:
                yield group
                group = []
                continue
        if depth:
            group.append(word)
        elif word != "(":
            yield word
        depth += word == "("


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
        "slice": lambda: (first or [])[slice(*values[1:3])],
        "json": lambda: compact(first),
    }
    return simple[name]() if name in simple else "".join(map(shown, values))
