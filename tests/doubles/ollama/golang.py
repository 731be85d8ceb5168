"""Values as Go writes them: in JSON, whose bytes a digest hangs on, and in the text of `show`."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


def compact(value: Any) -> str:
    """Return JSON as Go encodes it: no blanks, keys in their order, `<`, `>` and `&` escaped."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{compact(key)}:{compact(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(compact, value)) + "]"
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, float):
        return number(value)
    return json.dumps(value)


def by_key(value: Any) -> Any:
    """Return a document as Go holds it in a map: keys sorted, every number a float."""
    if isinstance(value, dict):
        return {key: by_key(item) for key, item in sorted(value.items(), key=lambda pair: pair[0].encode())}
    if isinstance(value, list):
        return [by_key(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def quoted(text: str) -> str:
    """Return a JSON string."""
    return re.sub("[<>&\u2028\u2029]", lambda found: ESCAPES[found[0]], json.dumps(text, ensure_ascii=False))


def number(value: float) -> str:
    """Return a float in JSON: shortest, with an exponent only for the very small and the very large."""
    if value and (abs(value) < 1e-6 or abs(value) >= 1e21):
        return re.sub(r"e-0(\d)$", r"e-\1", _exponent(value))
    return _plain(value)


def shown(value: Any) -> str:
    """Return a value as `%v` prints it."""
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "<nil>"}[value]
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{shown(one)}" for key, one in value.items()) + "]"
    if isinstance(value, list):
        return "[" + " ".join(map(shown, value)) + "]"
    if not isinstance(value, int | float):
        return str(value)
    exponent = Decimal(repr(float(value))).adjusted() if value else 0
    return _exponent(float(value)) if exponent < -4 or exponent >= 6 else _plain(float(value))


def shown_as_source(value: Any) -> str:
    """Return a value as `%#v` prints it."""
    if isinstance(value, dict):
        inside = ", ".join(f"{shown_as_source(key)}:{shown_as_source(one)}" for key, one in value.items())
        return "map[string]interface {}{" + inside + "}"
    if isinstance(value, list):
        return "[]interface {}{" + ", ".join(map(shown_as_source, value)) + "}"
    if value is None:
        return "interface {}(nil)"
    return quoted_as_source(value) if isinstance(value, str) else shown(value)


def quoted_as_source(text: str) -> str:
    """Return a string as Go's source has it: what cannot be printed is escaped."""
    raw = json.dumps(text, ensure_ascii=False).replace("\x7f", r"\x7f")
    return re.sub("[\u2028\u2029]", lambda found: ESCAPES[found[0]], raw).replace(r"\u00", r"\x")


def human(count: int) -> str:
    """Return a count of parameters in words: 268.10M, 7B, 29K."""
    for unit, letter, places in ((1000**3, "B", 1), (1000**2, "M", 2)):
        if count >= unit:
            size = count / unit
            return f"{size:.0f}{letter}" if size == int(size) else f"{size:.{places}f}{letter}"
    return f"{count / 1000:.0f}K" if count >= 1000 else str(count)


def _plain(value: float) -> str:
    return re.sub(r"\.0+$", "", format(Decimal(repr(value)), "f"))


def _exponent(value: float) -> str:
    exact = Decimal(repr(value)).normalize()
    sign, digits, _ = exact.as_tuple()
    first, *rest = map(str, digits)
    power = exact.adjusted()
    mantissa = ("-" if sign else "") + first + ("." + "".join(rest) if rest else "")
    return f"{mantissa}e{'-' if power < 0 else '+'}{abs(power):02d}"
