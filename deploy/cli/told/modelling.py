"""Models as people read them: a table, and how many of an engine's differ."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from deploy.agent.line import Line
from deploy.cli.terminal.board import size
from deploy.cli.terminal.columns import bad, columns, dim, good
from deploy.lifecycle.models import SETTLED, Loaded, Row

UNKNOWN = "-"
"""Stands for a size that nobody tells."""
HEADINGS = ("NAME", "ENGINE", "SIZE", "DIGEST", "LOADED", "STATE")


def table(spec: Path, found: tuple[Row, ...], stopped: Iterable[str] = ()) -> str:
    """Print every model on a line, what mends those that differ, and what starts engines that are stopped."""
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
        for row in found
    ]
    if any(row.differs for row in found):
        lines.append(f"what an apply would do: {Line('plan', spec=spec)}")
    none = f"kit.yaml has no models, and no engine has one: {spec}"
    return "\n\n".join(filter(None, (columns(cells, HEADINGS) if cells else none, "\n".join(lines))))


def start(spec: Path, name: str) -> str:
    """Return the line that starts a service."""
    return str(Line("start", name, spec=spec))


def _state(row: Row) -> str:
    if row.state in SETTLED:
        return good(row.state)
    return bad(row.state) if row.is_wanted else dim(row.state)


def memory(loaded: Loaded | None) -> str:
    """Say how much memory a model takes, and where."""
    if loaded is None:
        return ""
    whole, card = int(loaded.get("size", 0)), int(loaded.get("size_vram", 0))
    if not whole:
        return "yes"
    share = round(100 * card / whole)
    where = {0: "CPU", 100: "GPU"}.get(share, f"{share}% GPU")
    return f"{size(whole)} {where}"


def summary(found: Iterable[Row]) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return by engine how many models kit.yaml wants, and which of them differ."""
    told: dict[str, tuple[int, tuple[str, ...]]] = {}
    for row in found:
        if row.is_wanted:
            count, differing = told.get(row.engine, (0, ()))
            told[row.engine] = (count + 1, (*differing, row.name) if row.differs else differing)
    return told
