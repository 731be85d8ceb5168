"""An expression of a template: its syntax, its names, and its result."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.protocols.ollama.actions import Token
from deploy.protocols.ollama.language import FUNCTIONS, STRUCTS, Kind, element_of, field_of, hint
from deploy.words import did_you_mean

_CONSTANTS = {"true": "truth", "false": "truth", "nil": "any"}
_LITERALS = {"text": "text", "char": "number", "number": "number"}
_KEYWORDS = {"if", "with", "range", "define", "block", "template", "else", "end", "break", "continue"}
_END = Token("end", "")
_MOST_NESTED = 100


class TemplateError(Exception):
    """The template language does not know this construct."""


@dataclass
class Scope:
    """Kinds of `.` and of the variables at one place of a template."""

    dot: Kind = "root"
    variables: dict[str, Kind] = field(default_factory=lambda: {"$": "root"})
    outside: Scope | None = None

    def inside(self) -> Scope:
        """Return the scope of a block; its declarations end with it."""
        return Scope(self.dot, dict(self.variables), self)

    def forget(self, name: str) -> None:
        """Mark a variable as unknown, here and outside, after a new assignment."""
        scope: Scope | None = self
        while scope is not None and name in scope.variables:
            scope.variables[name] = "any"
            scope = scope.outside


class Pipeline:
    """The tokens of one expression, read from the left."""

    def __init__(self, tokens: tuple[Token, ...], scope: Scope, what: str, seen: set[str]) -> None:
        self._tokens, self._scope, self._what, self._seen = tokens, scope, what, seen
        self._place = 0
        self._depth = 0

    def kind(self) -> Kind:
        """Return the kind of the expression's result; TemplateError gives the reason if it cannot be read."""
        declared, is_anew = self._declared()
        kind = self._pipeline("end")
        if is_anew:
            for name in declared:
                self._scope.forget(name)
            return kind
        if self._what == "range" and declared:
            entries = dict.fromkeys(declared, element_of(kind))
            self._scope.variables |= entries | ({declared[0]: "any"} if len(declared) == 2 else {})
        else:
            self._scope.variables |= dict.fromkeys(declared, kind)
        return kind

    def _peek(self) -> Token:
        return self._tokens[self._place] if self._place < len(self._tokens) else _END

    def _next(self) -> Token:
        token = self._peek()
        self._place += 1
        return token

    def _skip(self) -> bool:
        """Skip blanks; return True if there were any."""
        start = self._place
        while self._peek().kind == "space":
            self._place += 1
        return self._place > start

    def _declared(self) -> tuple[list[str], bool]:
        """Return the variables that a `:=` or `=` at the beginning sets; True if they are assigned, not declared."""
        names: list[str] = []
        start = self._place
        while True:
            self._skip()
            if self._peek().kind != "variable":
                break
            names.append(self._next().text)
            self._skip()
            sign = self._peek().kind
            if sign == "comma" and self._what == "range" and len(names) == 1:
                self._next()
            elif sign in ("declare", "assign"):
                self._next()
                if sign == "assign":
                    for name in names:
                        self._variable(name)
                return names, sign == "assign"
            else:
                break
        self._place = start
        return [], False

    def _pipeline(self, end: str) -> Kind:
        kind: Kind = "any"
        stage = 0
        while True:
            self._skip()
            if self._peek().kind == end and stage:
                self._next()
                return kind
            kind = self._command(kind, stage)
            stage += 1
            if self._peek().kind == "pipe":
                self._next()
                self._skip()
                if self._peek().kind == end:
                    raise TemplateError("nothing stands behind the last |")
            elif self._peek().kind != end:
                raise TemplateError(self._odd())

    def _command(self, piped: Kind, stage: int) -> Kind:
        first = self._peek()
        kinds: list[Kind] = []
        while self._peek().kind not in ("pipe", "right", "end"):
            kinds.append(self._operand())
            if not self._skip():
                break
        if not kinds:
            raise TemplateError(f"nothing stands in {self._what}" if first.kind == "end" else self._odd())
        if first.kind == "word" and first.text in FUNCTIONS:
            return self._called(first.text, kinds[1:] + ([piped] if stage else []), piped_last=bool(stage))
        if stage and (first.kind in (*_LITERALS, "dot") or first.text in _CONSTANTS):
            raise TemplateError(f"{first.text} takes nothing from the | before it")
        if len(kinds) > 1:
            raise TemplateError(f"{first.text} is no function, so nothing can stand behind it")
        return kinds[0]

    def _called(self, name: str, kinds: list[Kind], *, piped_last: bool) -> Kind:
        kind, least, most = FUNCTIONS[name]
        if len(kinds) < least or (most is not None and len(kinds) > most):
            bounds = str(least) if least == most else f"{least} or more" if most is None else f"{least} to {most}"
            raise TemplateError(f"{name} takes {bounds} value{'' if bounds == '1' else 's'}, not {len(kinds)}")
        if name == "slice" and not piped_last:
            return kinds[0]
        return element_of(kinds[0]) if name == "index" and len(kinds) == 2 and not piped_last else kind

    def _operand(self) -> Kind:
        token = self._next()
        kind, spoken = self._term(token), token.text
        while self._peek().kind == "field":
            if token.kind in (*_LITERALS, "dot") or token.text in _CONSTANTS:
                raise TemplateError(f"{token.text} has no fields")
            kind = self._field(kind, self._next().text[1:], spoken)
        return kind

    def _term(self, token: Token) -> Kind:
        if token.kind == "field":
            return self._field(self._scope.dot, token.text[1:], ".")
        if token.kind == "dot":
            return self._scope.dot
        if token.kind == "variable":
            return self._variable(token.text)
        if token.kind == "left":
            self._depth += 1
            if self._depth > _MOST_NESTED:
                raise TemplateError("too many brackets within each other")
            kind = self._pipeline("right")
            self._depth -= 1
            return kind
        if token.kind == "word":
            return self._word(token.text)
        if token.kind in _LITERALS:
            return _LITERALS[token.kind]
        self._place -= 1
        raise TemplateError(self._odd())

    def _word(self, name: str) -> Kind:
        if name in _CONSTANTS:
            return _CONSTANTS[name]
        if name in _KEYWORDS:
            raise TemplateError(f"{name} cannot stand here")
        if name not in FUNCTIONS:
            meant = hint(name, "root") or did_you_mean(name, FUNCTIONS)
            raise TemplateError(f"{name} is not a function of the template language{meant}")
        return FUNCTIONS[name][0]

    def _variable(self, name: str) -> Kind:
        if name not in self._scope.variables:
            raise TemplateError(f"the variable {name} is not declared{did_you_mean(name, self._scope.variables)}")
        return self._scope.variables[name]

    def _field(self, kind: Kind, name: str, spoken: str) -> Kind:
        self._seen.add(name)
        inner = field_of(kind, name)
        if inner is None:
            meant = hint(name, kind)
            known = ", ".join(f".{each}" for each in STRUCTS.get(kind, {}))
            where = "" if kind == "root" else f" within {spoken}" if spoken != "." else " here"
            rest = meant or (f"; known are {known}" if known else "")
            raise TemplateError(f".{name} is not known to the template language{where}{rest}")
        return inner

    def _odd(self) -> str:
        token = self._peek()
        return "a bracket is not closed" if token.kind == "end" else f"{token.text} cannot stand here"
