"""A deployment on its way into the checks' own process, and back to the values that it was."""

from __future__ import annotations

import dataclasses
import json
import types
from pathlib import Path
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from deploy.deployment import Deployment, as_json

T = TypeVar("T")


def write_deployment(deployment: Deployment, path: Path) -> None:
    """Write everything that the checks may ask for; it holds names of secrets, never values."""
    path.write_text(json.dumps(as_json(deployment)))


def read_deployment(path: Path) -> Deployment:
    """Read it back, typed."""
    return _typed(Deployment, json.loads(path.read_text()))


def _typed(kind: type[T], value: Any) -> T:
    made: Any = value
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        made = kind(**{field.name: _typed(hints[field.name], value[field.name]) for field in dataclasses.fields(kind)})
    elif get_origin(kind) is tuple:
        made = _typed_tuple(get_args(kind), value)
    elif get_origin(kind) in (Union, types.UnionType) and value is not None:
        made = _typed(next(one for one in get_args(kind) if one is not types.NoneType), value)
    result: T = made
    return result


def _typed_tuple(kinds: tuple[Any, ...], values: list[Any]) -> tuple[Any, ...]:
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return tuple(_typed(kinds[0], value) for value in values)
    return tuple(_typed(kind, value) for kind, value in zip(kinds, values, strict=True))
