"""Values of parameters in a Modelfile: the engine reads numbers and booleans as Go does."""

from __future__ import annotations

import re
from collections.abc import Callable

_WHOLE = re.compile(r"[+-]?[0-9]+")
_LONGEST = 18
"""Number of digits that fits into 64 bits in any case."""
_TRUTH = {"1": True, "0": False} | {
    form: value for word, value in (("true", True), ("false", False)) for form in (word, word.upper(), word.title())
}
_TRUTH |= {"t": True, "T": True, "f": False, "F": False}


def read_value(kind: object, text: str) -> tuple[object, str]:
    """Return a text as a value of a parameter's type (None if it is none), and the wanted form in words."""
    read, form = _READ[kind]
    return read(text), form


def _real(text: str) -> float | None:
    try:
        return float(text) if text.strip() == text and "_" not in text else None
    except ValueError:
        return None


def _whole(text: str) -> int | None:
    return int(text) if _WHOLE.fullmatch(text) and len(text) <= _LONGEST else None


_READ: dict[object, tuple[Callable[[str], object], str]] = {
    bool: (_TRUTH.get, "true or false"),
    float: (_real, "a number"),
    int: (_whole, "a whole number"),
}
