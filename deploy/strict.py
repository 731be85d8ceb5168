"""The strict base of typed files, and values as messages show them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict
from pydantic_core import PydanticCustomError

CONTROL = re.compile(r"[^\x20-\x7e\n\t\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no text may hold."""


IN_FILE = "in_file"
"""Type of an error that carries the problems of a file that kit.yaml names, each at its own place."""


_ESCAPED = re.compile(r"\\\\|\\x([0-9a-f]{2})|\\u([0-9a-f]{4})|\\U([0-9a-f]{8})")


class Strict(BaseModel):
    """Base of everything in kit.yaml: strict types, frozen, unknown keys refused."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


def _yaml(value: object) -> str:
    """Return a value as YAML writes it, with the same characters escaped on every release of Python."""
    from deploy.printable import dropped

    text = json.dumps(value, ensure_ascii=False, default=str)
    if text.isascii() and text.isprintable():
        return text
    return dropped().sub(lambda match: match[0].encode("unicode_escape").decode(), text)


def shown(value: object) -> str:
    """Return a value as a message shows it: quoted, no control characters, short."""
    text = _yaml(value) if value is None or isinstance(value, bool | dict | list | tuple) else as_python(value)
    return text if len(text) <= 60 else f"{text[:56]}..."


def as_python(value: object) -> str:
    """Return the `repr` of a value, with the same characters escaped on every release of Python."""
    return _ESCAPED.sub(_unescaped, ascii(value))


def _unescaped(match: re.Match[str]) -> str:
    from deploy.printable import dropped

    char = chr(int(match[1] or match[2] or match[3], 16)) if match.lastindex else ""
    return match[0] if not char or char.isascii() or dropped().match(char) else char


def several(faults: Sequence[tuple[tuple[str | int, ...], str]]) -> PydanticCustomError:
    """Return one error for all faults of a value, each with its path within the value."""
    what = "; ".join(words for _, words in faults)
    return PydanticCustomError("several", "{what}", {"what": what, "each": tuple(faults)})


def text_faults(value: str) -> Iterator[str]:
    """Yield the faults of a text."""
    if not value or len(value) > 65_536:
        yield "must hold 1 to 65536 characters"
    yield from control_faults(value)


def control_faults(value: str) -> Iterator[str]:
    """Yield each character of a text that no text may hold."""
    for char in dict.fromkeys(CONTROL.findall(value)):
        yield f"holds the control character {shown(char)}"
