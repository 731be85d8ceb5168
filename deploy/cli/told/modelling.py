"""Models for people: a table, and the number of changed models by engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.line import Line
from deploy.cli.terminal.board import size
from deploy.cli.terminal.columns import bad, columns, dim, good
from deploy.decide.desired import Share
from deploy.deployment.engines import Engine
from deploy.hosts.observation.observe import Observation
from deploy.lifecycle.models import SETTLED, Row, rows
from deploy.plan.contexts import given_context

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


def counted(share: Share, observation: Observation) -> dict[str, Any]:
    """Return the models of each engine as JSON values: their number, those that differ, and their contexts."""
    told = summary(rows(share.deployment, observation))
    contexts = {engine.name: _given(engine) for engine in share.deployment.engines}
    return {
        engine: {"count": count, "differing": list(differing), "contexts": contexts.get(engine, {})}
        for engine, (count, differing) in told.items()
    }


def _given(engine: Engine) -> dict[str, Any]:
    contexts = {model.name: given_context(engine, model) for model in engine.models}
    return {
        name: {
            "tokens": context.tokens,
            "or_more": context.is_least,
            "trained": context.trained,
            "by_tag": context.is_of_tag,
        }
        for name, context in contexts.items()
        if context is not None
    }
