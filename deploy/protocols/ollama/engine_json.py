"""JSON in the exact bytes that the engine writes, so that their digest equals the engine's own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_ESCAPED = re.compile("[<>&\u2028\u2029]")


def number(value: bool | int | float) -> str:
    """Return a number or truth value as the engine writes it: no `.0`, an exponent only far from 1."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value and not 1e-6 <= abs(value) < 1e21:
        mantissa, _, exponent = repr(float(value)).partition("e")
        return f"{mantissa.removesuffix('.0')}e{int(exponent):+d}"
    digits = f"{Decimal(repr(value)):f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def string(value: str) -> str:
    """Return a text as the engine writes it: characters special to HTML are escaped, other letters are not."""
    return _ESCAPED.sub(lambda match: f"\\u{ord(match[0]):04x}", json.dumps(value, ensure_ascii=False))


def written(value: Any) -> str:
    """Return a value as the engine writes it; mappings keep their order."""
    if isinstance(value, str):
        return string(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{string(key)}:{written(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ",".join(map(written, value)) + "]"
    return "null" if value is None else number(value)
