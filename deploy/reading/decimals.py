"""Decimals of a YAML file, converted before the file is typed: typing it twice would take twice the time."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache
from typing import get_args

from pydantic import BaseModel

from deploy.reading.wording import models_in

_DECIMAL = re.compile(r"[-+]?([0-9]{1,20}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][-+]?[0-9]{1,3})?")


def decimal(value: object) -> float | None:
    """Return a text as a number; None if it is none."""
    number = float(value) if isinstance(value, str) and _DECIMAL.fullmatch(value) else math.inf
    return number if math.isfinite(number) else None


def read_decimals(data: object, model: type[BaseModel]) -> None:
    """Convert texts to numbers under the keys that are numbers everywhere in the model."""
    names = _names(model)
    if isinstance(data, dict):
        for key, value in data.items():
            number = decimal(value) if key in names else None
            if number is not None:
                data[key] = number
    for inner in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
        read_decimals(inner, model)


@cache
def _names(model: type[BaseModel]) -> frozenset[str]:
    kinds: dict[str, set[bool]] = {}
    for each in _models(model):
        for name, info in each.model_fields.items():
            kinds.setdefault(info.alias or name, set()).add(float in _parts(info.annotation))
    return frozenset(name for name, is_number in kinds.items() if is_number == {True})


def _models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for info in model.model_fields.values():
        for inner in models_in(info):
            yield from _models(inner)


def _parts(annotation: object) -> set[object]:
    inner = get_args(annotation)
    return {annotation} if not inner else {part for each in inner for part in _parts(each) if _is_type(part)}


def _is_type(part: object) -> bool:
    return isinstance(part, type)
