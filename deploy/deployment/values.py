"""Dataclasses as JSON values."""

from __future__ import annotations

import dataclasses
from typing import Any


def as_json(value: object) -> Any:
    """Return a value with dataclasses as JSON values and tuples as lists; the writer sorts the keys."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value
