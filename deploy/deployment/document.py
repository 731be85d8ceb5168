"""Dataclasses as JSON and back: a document has exactly the written types, or is refused."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable
from functools import cache
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints, is_typeddict

from deploy.deployment.values import as_json

T = TypeVar("T")
Reader = Callable[[Any], Any]
_NAME = "is"
"""Key of a dataclass's own name: two members of a union may have the same fields."""
_PLAIN = (str, int, bool, float)


class UnreadableError(ValueError):
    """The document is not of this type."""


def written(kind: Any, value: Any) -> Any:
    """Return a value of a type as JSON values; values typed as Any come back as plain values."""
    if dataclasses.is_dataclass(value) and kind is not Any:
        own: Any = type(value)
        hints = _hints(own)
        fields = {name: written(hint, getattr(value, name)) for name, hint in hints.items()}
        return {_NAME: own.__name__, **fields}
    if isinstance(value, tuple) and get_origin(kind) is tuple:
        return [written(inner, item) for inner, item in zip(_kinds(kind, len(value)), value, strict=True)]
    if isinstance(value, dict) and get_origin(kind) is dict:
        return {key: written(get_args(kind)[1], item) for key, item in value.items()}
    return as_json(value)


def read(kind: type[T], value: Any) -> T:
    """Return the written value; UnreadableError if the document is not of that type."""
    own: Any = kind
    typed: T = _reader(own)(value)
    return typed


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


@cache
def _reader(kind: Any) -> Reader:
    """Return the reader of a type; made once, as a document holds many values of few types."""
    origin = get_origin(kind)
    if kind is Any:
        return lambda value: value
    if dataclasses.is_dataclass(kind):
        return _fields_reader(kind)
    if is_typeddict(kind):
        return _keys_reader(kind)
    if origin is list:
        return _list_reader(*get_args(kind))
    if origin in (Union, types.UnionType):
        return _union_reader(get_args(kind))
    if origin is tuple:
        return _tuple_reader(kind)
    if origin is dict:
        return _dict_reader(*get_args(kind))
    if origin is Literal:
        return _checked(lambda value: value in get_args(kind), str(kind))
    if kind in _PLAIN:
        return _checked(lambda value: type(value) is kind, str(kind))
    raise TypeError(f"{kind} cannot be read back")


def _checked(is_right: Callable[[Any], bool], words: str) -> Reader:
    def read_plain(value: Any) -> Any:
        if not is_right(value):
            raise UnreadableError(f"{value!r} is not {words}")
        return value

    return read_plain


def _fields_reader(kind: Any) -> Reader:
    readers = {name: _reader(hint) for name, hint in _hints(kind).items()}

    def read_fields(value: Any) -> Any:
        if not isinstance(value, dict) or value.keys() != {_NAME, *readers} or value[_NAME] != kind.__name__:
            raise UnreadableError(f"this is no {kind.__name__}")
        return kind(**{name: reader(value[name]) for name, reader in readers.items()})

    return read_fields


def _union_reader(kinds: tuple[Any, ...]) -> Reader:
    own: list[Any] = [kind for kind in kinds if dataclasses.is_dataclass(kind)]
    named: dict[Any, Reader] = {kind.__name__: _reader(kind) for kind in own}
    others = [_reader(kind) for kind in kinds if kind is not types.NoneType and kind not in own]

    def read_one(value: Any) -> Any:
        if value is None and types.NoneType in kinds:
            return None
        if isinstance(value, dict) and value.get(_NAME) in named:
            return named[value[_NAME]](value)
        for reader in others:
            try:
                return reader(value)
            except UnreadableError:
                continue
        raise UnreadableError(f"{value!r} is none of {kinds}")

    return read_one


def _tuple_reader(kind: Any) -> Reader:
    readers: dict[int, list[Reader]] = {}

    def read_items(value: Any) -> Any:
        if not isinstance(value, list):
            raise UnreadableError(f"{value!r} is no list")
        if len(value) not in readers:
            readers[len(value)] = [_reader(inner) for inner in _kinds(kind, len(value))]
        return tuple(reader(item) for reader, item in zip(readers[len(value)], value, strict=True))

    return read_items


def _kinds(kind: Any, length: int) -> tuple[Any, ...]:
    """Return the type of each item of a tuple."""
    kinds = get_args(kind)
    if len(kinds) == 2 and kinds[1] is Ellipsis:
        return (kinds[0],) * length
    if len(kinds) != length:
        raise UnreadableError(f"{length} items are no {kind}")
    return kinds


def _keys_reader(kind: Any) -> Reader:
    readers = {name: _reader(hint) for name, hint in get_type_hints(kind).items()}

    def read_keys(value: Any) -> Any:
        if not isinstance(value, dict) or not kind.__required_keys__ <= value.keys() <= readers.keys():
            raise UnreadableError(f"this is no {kind.__name__}")
        return {name: readers[name](content) for name, content in value.items()}

    return read_keys


def _list_reader(of_item: Any) -> Reader:
    item_reader = _reader(of_item)

    def read_items(value: Any) -> Any:
        if not isinstance(value, list):
            raise UnreadableError(f"{value!r} is no list")
        return [item_reader(item) for item in value]

    return read_items


def _dict_reader(of_key: Any, of_value: Any) -> Reader:
    key_reader, value_reader = _reader(of_key), _reader(of_value)

    def read_items(value: Any) -> Any:
        if not isinstance(value, dict):
            raise UnreadableError(f"{value!r} is no mapping")
        return {key_reader(key): value_reader(item) for key, item in value.items()}

    return read_items
