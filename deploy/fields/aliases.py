"""Aliases of models, each with the model that it stands for."""

from __future__ import annotations

from collections.abc import Mapping


def followed(aliases: Mapping[str, str]) -> dict[str, str]:
    """Follow each alias to its end, each step once; a circle of aliases ends where it began."""
    found: dict[str, str] = {}
    for alias in aliases:
        way: dict[str, None] = {}
        name = alias
        while name in aliases and name not in found and name not in way:
            way[name] = None
            name = aliases[name]
        found.update(dict.fromkeys(way, found.get(name, name)))
    return found
