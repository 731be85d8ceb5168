"""A Document typed by a model: the value, or every problem in words and at its place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from deploy.errors import MORE_PROBLEMS, Problem
from deploy.fields.variables import CONTAINERS, names_in
from deploy.reading.decimals import decimal, read_decimals
from deploy.reading.document import Document, FieldPath, path_text
from deploy.reading.wording import told_of_key, words
from deploy.strict import IN_FILE

Value = TypeVar("Value", bound=BaseModel)
Faults = list[tuple[FieldPath, Any]]
WORDED = 200
"""Number of problems that get words; nobody reads more."""


def attempt(model: type[Value], data: object, folder: Path | None = None) -> tuple[Value | None, Faults]:
    """Return the typed value, or pydantic's errors, each with its path in the data."""
    try:
        # JSON, since strict mode takes a list for a tuple only there
        return model.model_validate_json(json.dumps(data), context={"folder": folder or Path()}), []
    except ValidationError as error:
        return None, [(_path_of(data, item), item) for item in error.errors(include_url=False)]


def validate(document: Document, model: type[Value]) -> tuple[Value | None, Faults]:
    """Type the data of a document; numbers become texts where a text is wanted, and texts become numbers."""
    folder = Path(document.file).parent
    read_decimals(document.data, model)
    value, faults = attempt(model, document.data, folder)
    meant = {path: _meant(error) for path, error in faults if _meant(error) is not None}
    if meant:
        for path, right in meant.items():
            _parent(document.data, path)[path[-1]] = right
        value, faults = attempt(model, document.data, folder)
    return value, [(path, error) for path, error in faults if not (is_echo(error) or document.is_covered(path))]


def _meant(error: Any) -> str | float | None:
    """Return the written value as the wanted type; None if it cannot be converted."""
    written = error["input"]
    if error["type"] == "string_type" and type(written) is int:
        return str(written)
    return decimal(written) if error["type"] == "float_type" else None


def problems_of(document: Document, model: type[BaseModel], faults: Faults) -> list[Problem]:
    """Return the faults in words, sorted; after the first WORDED, one line says that there are more."""
    placed = sorted(
        ((document.place(path, at_key=_at_key(error)), path, error) for path, error in faults),
        key=lambda item: (item[0], str(item[1])),
    )
    problems = [problem for _, path, error in placed[:WORDED] for problem in _problems(error, path, model, document)]
    if len(placed) > WORDED:
        place, _, _ = placed[WORDED]
        problems.append(document.problem_at(place, (), MORE_PROBLEMS))
    return problems


def _problems(error: Any, path: FieldPath, model: type[BaseModel], document: Document) -> list[Problem]:
    """Return the problems of a pydantic error; those of a file that kit.yaml names have that file's lines."""
    if error["type"] == IN_FILE:
        return [replace(problem, path=path_text(path)) for problem in error["ctx"]["problems"]]
    told = _told(error, path, model, document.data)
    return [document.problem((*path, *within), words, at_key=_at_key(error)) for within, words in told]


def _told(error: Any, path: FieldPath, model: type[BaseModel], data: Any) -> Sequence[tuple[FieldPath, str]]:
    """Return each fault of a pydantic error, with its path within the value."""
    if error["type"] == "several":
        each: Sequence[tuple[FieldPath, str]] = error["ctx"]["each"]
        return each
    if error["type"] == "extra_forbidden" and CONTAINERS.fullmatch(str(path[-1])):
        return _variables(error["input"], path, model, data)
    return [((), words(error, path, model, data))]


def _variables(value: object, path: FieldPath, model: type[BaseModel], data: object) -> Sequence[tuple[FieldPath, str]]:
    """Return the message about each variable of a group, or about the whole place if it holds none."""
    above = path[:-1]
    written = [(within, name, told_of_key(name, above, model, data)) for within, name in names_in(value)]
    if written:
        return [(within, told if within[-1:] == (name,) else f"{name}: {told}") for within, name, told in written]
    told = told_of_key(str(path[-1]), above, model, data)
    known = told.partition("; known here: ")[2]
    empty = "is left out: a program's variable is a key of this file, under a name of its own"
    return [((), f"{empty}; known here: {known}" if known else told)]


def is_echo(error: Any) -> bool:
    """Return True if a list counts as too short only because its entries have problems of their own."""
    return bool(error["type"] == "too_short" and error["input"])


def _at_key(error: Any) -> bool:
    return bool(error["type"] == "extra_forbidden")


def _path_of(data: Any, error: Any) -> FieldPath:
    path = _path(data, error["loc"])
    # An unknown kind is wrong where it is written, not where its mapping begins
    return (*path, error["ctx"]["discriminator"].strip("'")) if error["type"].startswith("union_tag") else path


def _path(data: Any, location: tuple[Any, ...]) -> FieldPath:
    """Return an error's location without the parts that name a member of a union, or say that a key is meant."""
    path: list[int | str] = []
    for index, part in enumerate(location):
        if part in data if isinstance(data, dict) else isinstance(data, list) and isinstance(part, int):
            data = data[part]
        elif index < len(location) - 1 or not isinstance(data, dict) or part == "[key]":
            continue
        path.append(part)
    return tuple(path)


def _parent(data: Any, path: FieldPath) -> Any:
    for part in path[:-1]:
        data = data[part]
    return data
