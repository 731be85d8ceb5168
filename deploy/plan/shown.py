"""Differences between a model as its engine showed it after its creation and as it shows it now, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_WORDS = {"template": "template", "system": "system text", "messages": "examples", "license": "license"}
_WORDS |= {"renderer": "renderer", "parser": "parser"}
_LONGEST = 40


def shown_changes(made: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return each difference; a difference of the base only if nothing else differs."""
    # A change by hand mostly makes a model out of itself.
    differences = (*_parameters(made["parameters"], now["parameters"]), *_texts(made["texts"], now["texts"]))
    files = ("another file",) if made["files"] != now["files"] else ()
    if files or differences:
        return (*files, *differences)
    return (f"another base: {_base(made)} → {_base(now)}",) if made["parent"] != now["parent"] else ()


def _parameters(made: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted({*made, *now}):
        before, after = made.get(name), now.get(name)
        if before is None:
            yield f"parameter {name} {_short(now[name])} added"
        elif after is None:
            yield f"parameter {name} {_short(before)} taken out"
        elif before != after:
            yield f"parameter {name} {_short(before)} → {_short(after)}"


def _texts(made: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name, word in _WORDS.items():
        if made.get(name) != now.get(name):
            yield f"{word} {'added' if name not in made else 'taken out' if name not in now else 'changed'}"


def _base(shown: Mapping[str, object]) -> str:
    return str(shown["parent"]) or "a file"


def _short(value: str) -> str:
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}…"
