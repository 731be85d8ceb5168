"""Digests of a model's parts, remembered so that a plan can name the changed part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.deployment.bundle import digest

Parts = dict[str, str]
"""Name of a part (a parameter by its own name) to a digest of its value."""
_SHORT = 12
_WORDS = {
    "from": "what it is made from",
    "base": "the locked tag",
    "files": "file",
    "adapters": "adapter",
    "system": "system text",
    "messages": "examples",
}
_PARENT = "parent"


def request_parts(request: Mapping[str, Any], *, base: str | None = None, parent: str | None = None) -> Parts:
    """Return the parts of a create request and of its base."""
    plain = {key: value for key, value in request.items() if key not in ("model", "stream", "parameters")}
    rests = {"base": base, _PARENT: parent}
    parts = {**plain, **request.get("parameters", {}), **{key: value for key, value in rests.items() if value}}
    return {name: digest(value)[:_SHORT] for name, value in sorted(parts.items())}


def changes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return the differences in words; the parent counts only if nothing else differs."""
    own = tuple(_own_changes(before, now))
    return own or (("its base changed",) if before.get(_PARENT) != now.get(_PARENT) else ())


def _own_changes(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(set(before) | set(now), key=lambda name: (name not in _WORDS, name)):
        word = _WORDS.get(name, name)
        if name != _PARENT and before.get(name) != now.get(name):
            yield f"{word} {'added' if name not in before else 'taken out' if name not in now else 'changed'}"
