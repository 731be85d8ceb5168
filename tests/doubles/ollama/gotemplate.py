"""Templates in Go's language, as far as chat templates use it: parsed, or refused in Go's own words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

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


def until_response(nodes: list[Node]) -> tuple[list[Node], bool]:
    """Return what stands before the answer and the answer itself: where generation goes on."""
    kept: list[Node] = []
    for node in nodes:
        inner, ended = until_response(node.inner)
        other, ended_otherwise = until_response(node.otherwise)
        kept.append(Node(node.verb, node.words, node.text, inner, other))
        if ended or ended_otherwise or any(word.endswith(".Response") for word in node.words):
            return kept, True
    return kept, False


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
