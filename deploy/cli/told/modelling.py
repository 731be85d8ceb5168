"""Models for people: a table, and the number of changed models by engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.line import Line
from deploy.cli.terminal.board import size
from deploy.cli.terminal.columns import bad, columns, dim, good
from deploy.lifecycle.models import SETTLED, Row

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Loaded

UNKNOWN = "-"
"""Sign for an unknown size."""
HEADINGS = ("NAME", "ENGINE", "SIZE", "DIGEST", "LOADED", "STATE")


def table(spec: Path, models: tuple[Row, ...], stopped: Iterable[str] = ()) -> str:
    """Return a table of all models, with the line that mends changed ones and the line that starts stopped engines."""
    lines = [f"{name} is stopped: {start(spec, name)}" for name in stopped]
    cells = [
        (
            row.name,
            row.engine,
            size(row.size_bytes) if row.size_bytes else UNKNOWN,
            (row.digest or "")[:12],
            memory(row.loaded),
            _state(row),
        )
        for row in models
    ]
    if any(row.differs for row in models):
        lines.append(f"what an apply would do: {Line('plan', spec=spec)}")
    none = f"kit.yaml has no models, and no engine has one: {spec}"
    return "\n\n".join(filter(None, (columns(cells, HEADINGS) if cells else none, "\n".join(lines))))


def start(spec: Path, name: str) -> str:
    """Return the command line that starts a service."""
    return str(Line("start", name, spec=spec))


def _state(row: Row) -> str:
    if row.state in SETTLED:
        return good(row.state)
    return bad(row.state) if row.is_wanted else dim(row.state)


def memory(loaded: Loaded | None) -> str:
    """Return the memory that a model takes, and its place, in words."""
    if loaded is None:
        return ""
    whole, card = int(loaded.get("size", 0)), int(loaded.get("size_vram", 0))
    if not whole:
        return "yes"
    share = round(100 * card / whole)
    where = {0: "CPU", 100: "GPU"}.get(share, f"{share}% GPU")
    return f"{size(whole)} {where}"


def summary(models: Iterable[Row]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return by engine the number of models in kit.yaml, and the names of changed ones."""
    told: dict[str, tuple[int, tuple[str, ...]]] = {}
    for row in models:
        if row.is_wanted:
            count, differing = told.get(row.engine, (0, ()))
            told[row.engine] = (count + 1, (*differing, row.name) if row.differs else differing)
    return told
