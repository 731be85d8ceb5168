"""Documents of the wire with other values of some keys."""

from __future__ import annotations

from typing import Any, TypeVar, cast

Document = TypeVar("Document")


def with_keys(document: Document, **keys: Any) -> Document:
    """A document of the same type; a key may get a value that its type refuses."""
    whole: Any = document
    return cast("Document", {**whole, **keys})
