"""Reads agents' documents: each must have the shape that the contract states, or an error names verb and key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from functools import cache
from importlib import import_module
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from deploy.agent.contract import verbs
from deploy.agent.contract.verbs import Answer, Request, Verb
from deploy.errors import KitError
from deploy.stack import KIT_FOLDER

Document = TypeVar("Document")
Problem = tuple[str, str]
"""Key of a wrong value, and the problem in words."""
Check = Callable[[object], "Problem | None"]
_PLAIN: dict[object, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    int: ((int,), "a whole number"),
    bool: ((bool,), "true or false"),
    float: ((int, float), "a number"),
    NoneType: ((NoneType,), "null"),
}
"""Classes of a plain type's values, and their name in words."""


def read_answer(verb: Verb[Request, Answer], document: object) -> Answer:
    """Return a verb's answer; raise KitError if its shape is another one."""
    kind = answer_type(verb)
    return cast("Answer", document) if kind is None else read_as(kind, document, verb)


def read_as(kind: type[Document], document: object, verb: str) -> Document:
    """Return a document of a verb; raise KitError if its shape is another one."""
    check: Check = check_of(cast("Hashable", kind))
    problem = check(document)
    if problem is None:
        return cast("Document", document)
    key, words = problem
    place = f"at {key.removeprefix('.')}" if key else "as a whole"
    raise KitError(
        f"the agent's answer to {verb} is wrong {place}: {words}",
        f"this is a fault of the kit, unless somebody changed a file below {KIT_FOLDER} on the host",
    )


@cache
def answer_type(verb: str) -> Any:
    """Return the type of a verb's answer; None for a verb that the contract does not have."""
    annotation = verbs.__annotations__.get(verb.upper())
    if annotation is None:
        return None
    # `Verb[probe.ProbeRequest, probe.ProbeAnswer]`: its modules are loaded for none but the verb that is asked.
    module, _, name = annotation.rstrip("]").rpartition(", ")[2].partition(".")
    return getattr(import_module(f"{verbs.__package__}.{module}"), name)


@cache
def check_of(kind: Any) -> Check:
    """Return the function that checks values of a type; it returns the first problem."""
    origin, parts = get_origin(kind), get_args(kind)
    if kind in (Any, object):
        return lambda _: None
    if is_typeddict(kind):
        return _keys(get_type_hints(kind), kind.__required_keys__)
    if origin in (list, Sequence):
        return _items(check_of(parts[0]))
    if origin is dict:
        return _values(check_of(parts[1]))
    if origin in (Union, UnionType):
        return _one_of([check_of(part) for part in parts])
    if origin is Literal:
        return _listed(parts)
    return _plain(kind)


def _keys(hints: dict[str, object], required: frozenset[str]) -> Check:
    checks: dict[str, Check] = {}

    def check(value: object) -> Problem | None:
        if not isinstance(value, dict):
            return "", f"{_told(value)} is not an object"
        if not checks:
            checks.update({key: check_of(kind) for key, kind in hints.items()})
        for key, check_value in checks.items():
            if key not in value:
                if key in required:
                    return f".{key}", "it is missing"
            elif problem := check_value(value[key]):
                return f".{key}{problem[0]}", problem[1]
        return None

    return check


def _items(check_item: Check) -> Check:
    def check(value: object) -> Problem | None:
        if not isinstance(value, list):
            return "", f"{_told(value)} is not a list"
        for number, item in enumerate(value):
            if problem := check_item(item):
                return f".{number}{problem[0]}", problem[1]
        return None

    return check


def _values(check_value: Check) -> Check:
    def check(value: object) -> Problem | None:
        if not isinstance(value, dict):
            return "", f"{_told(value)} is not an object"
        for key, item in value.items():
            if problem := check_value(item):
                return f".{key}{problem[0]}", problem[1]
        return None

    return check


def _one_of(checks: list[Check]) -> Check:
    def check(value: object) -> Problem | None:
        problems = []
        for check_value in checks:
            if (problem := check_value(value)) is None:
                return None
            problems.append(problem)
        # The alternative that fits the deepest tells the most.
        return max(problems, key=lambda problem: problem[0].count("."))

    return check


def _listed(values: tuple[object, ...]) -> Check:
    def check(value: object) -> Problem | None:
        known = ", ".join(map(repr, values))
        return None if value in values else ("", f"{_told(value)} is none of {known}")

    return check


def _plain(kind: object) -> Check:
    classes, words = _PLAIN[kind]
    takes_booleans = kind is bool

    def check(value: object) -> Problem | None:
        fits = isinstance(value, classes) and (takes_booleans or not isinstance(value, bool))
        return None if fits else ("", f"{_told(value)} is not {words}")

    return check


def _told(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}..."
