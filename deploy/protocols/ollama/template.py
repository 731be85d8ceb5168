"""Check of a prompt template: constructs that the engine's template language does not know are refused with a hint."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Annotated

from pydantic import AfterValidator

from deploy.fields.carried import LONGEST
from deploy.line_numbers import in_lines, lines_of
from deploy.protocols.ollama.actions import Action, Token, actions
from deploy.protocols.ollama.language import Kind, element_of
from deploy.protocols.ollama.pipeline import Pipeline, Scope, TemplateError
from deploy.strict import several, text_faults

_OPENING = ("if", "with", "range", "define", "block")
_JINJA = re.compile(r"\{%.*?(?:%\}|$)", re.MULTILINE)
_QUESTION = {"Prompt", "Messages", "Suffix"}


@dataclass(frozen=True, order=True)
class Fault:
    """A fault of a template with its lines (1-based)."""

    lines: tuple[int, ...]
    message: str


@dataclass
class _Open:
    """A block without its end so far."""

    word: str
    line: int
    outside: Scope
    has_else: bool = False


@dataclass
class _Reading:
    scope: Scope = field(default_factory=Scope)
    open: list[_Open] = field(default_factory=list)
    faults: dict[str, list[int]] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)
    defined: set[str] = field(default_factory=set)
    wanted: list[tuple[int, str]] = field(default_factory=list)

    def complain(self, line: int, message: str) -> None:
        """Note a fault; a known fault gets another line."""
        self.faults.setdefault(message, []).append(line)


def faults(template: str) -> list[Fault]:
    """Return every fault of a template, by line; Jinja syntax is one fault, which explains all others."""
    if len(template) > LONGEST:
        # Told as what it is: too long.
        return []
    if matches := list(_JINJA.finditer(template)):
        placed = lines_of(template)
        lines = tuple(sorted({placed(each.start())[0] for each in matches}))
        right = "write {{ if ... }} or {{ range ... }}"
        return [Fault(lines, f"{matches[0][0][:40]} is Jinja, another language; {right}")]
    reading = _Reading()
    for action in actions(template):
        try:
            if action.fault:
                raise TemplateError(action.fault)
            _take(reading, action)
        except TemplateError as error:
            reading.complain(action.line, str(error))
    for block in reading.open:
        reading.complain(block.line, f"{{{{ {block.word} }}}} has no {{{{ end }}}}")
    for line, name in reading.wanted:
        if name not in reading.defined:
            reading.complain(line, f'the template "{name}" is not defined')
    if not reading.faults and not reading.seen & _QUESTION:
        reading.complain(1, "names neither .Prompt nor .Messages, so no question reaches the model")
    return sorted(Fault(tuple(sorted(set(lines))), message) for message, lines in reading.faults.items())


def _checked(value: str) -> str:
    wrong = [f"{in_lines(fault.lines)}: {fault.message}" for fault in (faults(value) if value else ())]
    if wrong := [*text_faults(value), *wrong]:
        raise several([((), words) for words in wrong])
    return value


Template = Annotated[str, AfterValidator(_checked)]
"""A prompt template as it stands in kit.yaml."""


def _take(reading: _Reading, action: Action) -> None:
    tokens = [token for token in action.tokens if token.kind != "space"]
    word = tokens[0].text if tokens and tokens[0].kind == "word" else ""
    if word in _OPENING:
        # Opened first: a faulty condition shall not make its end a fault as well
        reading.open.append(_Open(word, action.line, reading.scope))
        reading.scope = reading.scope.inside()
        _begin(reading, word, action)
    elif word == "else":
        _otherwise(reading, tokens, action)
    elif word == "end":
        if not reading.open:
            raise TemplateError("{{ end }} without an if, with or range before it")
        reading.scope = reading.open.pop().outside
        _nothing_more(tokens, word)
    elif word in ("break", "continue"):
        if not any(each.word == "range" for each in reading.open):
            raise TemplateError(f"{{{{ {word} }}}} outside of {{{{ range }}}}")
        _nothing_more(tokens, word)
    elif word == "template":
        name, rest = _named(action, word)
        reading.wanted.append((action.line, name))
        _value(reading, rest, word)
    else:
        _value(reading, action.tokens, "{{ }}")


def _begin(reading: _Reading, word: str, action: Action) -> None:
    """Enter a block; within a definition, the kinds of values are unknown."""
    if word in ("define", "block"):
        if word == "define" and len(reading.open) > 1:
            raise TemplateError("{{ define }} stands only outside of all other blocks")
        name, rest = _named(action, word)
        reading.defined.add(name)
        if word == "block":
            _value(reading, rest, word)
        elif any(token.kind != "space" for token in rest):
            raise TemplateError("{{ define }} takes nothing but a name")
        reading.scope = Scope("any", {"$": "any"})
        return
    _enter(reading, word, _after_word(action.tokens))


def _enter(reading: _Reading, word: str, tokens: tuple[Token, ...]) -> None:
    kind = _value(reading, tokens, word)
    if word == "with":
        reading.scope.dot = kind
    elif word == "range":
        reading.scope.dot = element_of(kind)


def _otherwise(reading: _Reading, tokens: list[Token], action: Action) -> None:
    current = reading.open[-1] if reading.open else None
    if current is None or current.word not in ("if", "with", "range"):
        raise TemplateError("{{ else }} without an if, with or range before it")
    if current.has_else:
        raise TemplateError("a second {{ else }}")
    reading.scope.dot = current.outside.dot
    again = tokens[1].text if len(tokens) > 1 else ""
    if again and again == current.word and again in ("if", "with"):
        _enter(reading, again, _after_word(_after_word(action.tokens)))
        return
    current.has_else = True
    _nothing_more(tokens, "else")


def _value(reading: _Reading, tokens: tuple[Token, ...], what: str) -> Kind:
    return Pipeline(tokens, reading.scope, what, reading.seen).kind()


def _after_word(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    place = next(index for index, token in enumerate(tokens) if token.kind != "space")
    return tokens[place + 1 :]


def _named(action: Action, word: str) -> tuple[str, tuple[Token, ...]]:
    rest = _after_word(action.tokens)
    first = next((token for token in rest if token.kind != "space"), None)
    if first is None or first.kind != "text":
        raise TemplateError(f"{{{{ {word} }}}} needs a name in double quotes")
    return first.text[1:-1], _after_word(rest)


def _nothing_more(tokens: list[Token], word: str) -> None:
    if len(tokens) > 1:
        raise TemplateError(f"{tokens[1].text} cannot stand behind {word}")
