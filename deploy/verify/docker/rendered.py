"""A rendered compose file, read as Compose reads it."""

from __future__ import annotations

from typing import Any


def read_compose(text: str) -> dict[str, Any]:
    """Read a rendered compose file as Compose does."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    document: dict[str, Any] = _unescaped(yaml.load(text, loader))  # noqa: S506 - a safe loader, in C where there is one
    return document


def _unescaped(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key: _unescaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_unescaped(item) for item in value]
    return value
