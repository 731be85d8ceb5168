"""Aliases of models, each with the model that it stands for."""

from __future__ import annotations

from collections.abc import Mapping


def followed(aliases: Mapping[str, str]) -> dict[str, str]:
    """Follow each alias to its end, each step once; a circle of aliases ends where it began."""
    ends: dict[str, str] = {}
    for alias in aliases:
        way: dict[str, None] = {}
        name = alias
        while name in aliases and name not in ends and name not in way:
            way[name] = None
            name = aliases[name]
        ends.update(dict.fromkeys(way, ends.get(name, name)))
    return ends
