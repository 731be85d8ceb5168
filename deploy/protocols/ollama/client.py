"""Lines for the protocol's own client."""

from __future__ import annotations

from collections.abc import Sequence

from deploy.errors import typed


def removal(models: Sequence[str]) -> str:
    """Return the line that removes models from an engine, to be typed on its host."""
    return " ".join(("ollama rm", *map(typed, models)))
