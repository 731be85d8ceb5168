"""Documents of the wire: with other values of some keys, and made whole where a test says a part of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from deploy.hosts.wire.answers import check_of

Document = TypeVar("Document")
_NOTHING: dict[object, object] = {str: "", int: 0, bool: False, float: 0.0}
USUAL: Mapping[tuple[str, str], object] = {
    ("SeenPlace", "mount"): "/",
    ("Disk", "point"): "/",
    ("HostImage", "is_brought"): True,
    ("SeenModelFile", "remembered"): True,
    ("Folder", "empty"): True,
    ("Firewall", "at_boot"): "placed",
}
"""Values that a host gives in place of nothing, by document and key."""


def with_keys(document: Document, **keys: Any) -> Document:
    """A document of the same type; a key may get a value that its type refuses."""
    whole: Any = document
    return cast("Document", {**whole, **keys})


def made_whole(kind: Any, part: Any) -> Any:
    """Return a document with every key that its type requires: those that are missing say that there is nothing.

    Raises:
        KeyError: the type has no such key.
    """
    origin, inner = get_origin(kind), get_args(kind)
    if is_typeddict(kind) and isinstance(part, dict):
        hints = _hints(kind)
        missing = {
            key: USUAL.get((kind.__name__, key), _nothing(hints[key])) for key in kind.__required_keys__ - part.keys()
        }
        return missing | {key: made_whole(hints[key], value) for key, value in part.items()}
    if origin in (list, Sequence) and isinstance(part, list):
        return [made_whole(inner[0], each) for each in part]
    if origin is dict and isinstance(part, dict):
        return {key: made_whole(inner[1], value) for key, value in part.items()}
    if origin in (Union, UnionType):
        return _of_one(inner, part)
    return part


def _of_one(kinds: Sequence[Any], part: Any) -> Any:
    """Make a document whole as the first type that knows all its keys."""
    for kind in kinds:
        if is_typeddict(kind) and (not isinstance(part, dict) or part.keys() - _hints(kind).keys()):
            continue
        whole = made_whole(kind, part)
        if check_of(kind)(whole) is None:
            return whole
    return part


@cache
def _hints(kind: Any) -> dict[str, Any]:
    return get_type_hints(kind)


def _nothing(kind: Any) -> Any:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType) and NoneType in inner:
        return None
    if is_typeddict(kind):
        return made_whole(kind, {})
    if origin in (list, Sequence):
        return []
    if origin is dict:
        return {}
    if origin is Literal:
        return inner[0]
    return _NOTHING[kind]
