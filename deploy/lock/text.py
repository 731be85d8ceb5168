"""The bytes of kit.lock: the same lock, the same bytes; one line per wheel, so that a diff reads well."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deploy.errors import KitError
from deploy.lock.model import Lock

_PLAIN = re.compile(r"[a-z][a-z0-9_]*")
_TRAPS = {"true", "false", "null", "yes", "no", "on", "off", "y", "n"}
_LAST = {"header": 1, "decimals": 2, "wheels": 3}
"""Long parts of an entry stand below its short ones."""
_HEAD = "# Written by `kit lock`; commit it beside kit.yaml.\n"


def lock_text(lock: Lock) -> str:
    """Return the text of kit.lock."""
    return _HEAD + "".join(f"{line}\n" for line in _lines(lock_document(lock), ""))


def lock_document(lock: Lock) -> dict[str, Any]:
    """Return the content of kit.lock as plain values."""
    return lock.model_dump(by_alias=True, exclude_none=True)


def write_lock(lock: Lock, path: Path) -> bool:
    """Replace kit.lock atomically and return True; a file with the same bytes is left alone."""
    text = lock_text(lock).encode()
    target = path.resolve()
    if target.is_file() and target.read_bytes() == text:
        return False
    beside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with beside.open("wb") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(target)
    except OSError as error:
        raise KitError(f"{path} cannot be written: {error.strerror}", "make the folder writable") from error
    finally:
        beside.unlink(missing_ok=True)
    return True


def _lines(mapping: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in sorted(mapping.items(), key=lambda item: _LAST.get(item[0], 0)):
        if key in ("adapters", "addresses", "decimals", "gpus", "header", "projectors") and not value:
            # Locks of before there were such inputs keep their bytes.
            continue
        if isinstance(value, dict) and value and key in ("images", "models", "adapters", "projectors", "gpus"):
            yield f"{indent}{key}:"
            for name in sorted(value):
                yield f"{indent}  {_word(name)}:"
                yield from _lines(value[name], f"{indent}    ")
        elif key == "toolkit":
            yield f"{indent}{key}:"
            yield from _lines(value, f"{indent}  ")
        elif key in ("header", "decimals"):
            yield f"{indent}{key}:"
            yield from (f"{indent}  {json.dumps(name)}: {_flow(value[name])}" for name in sorted(value))
        elif key in ("wheels", "packages") and value:
            yield f"{indent}{key}:"
            yield from (f"{indent}  - {_flow(wheel)}" for wheel in value)
        else:
            yield f"{indent}{key}: {_flow(value)}"


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_word(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _word(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and name not in _TRAPS else json.dumps(name)
