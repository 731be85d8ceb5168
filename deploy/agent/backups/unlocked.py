"""Models that kit.yaml does not have: no backup has their weights, and no kit.lock brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup


def unlocked_models(root: Path, backup: Backup) -> dict[str, list[str]]:
    """Return the engines with such models, and their names; a person pulled or made them on the engine itself."""
    if not backup["stores"]:
        return {}
    from deploy.agent.protocols.doors.making import stored
    from deploy.agent.protocols.doors.names import same

    decided = read_json(root / "current" / "deployment.json") or {}
    locked = {engine["name"]: set(map(same, _names(engine))) for engine in decided.get("engines", [])}
    unlocked: dict[str, list[str]] = {}
    for store in backup["stores"]:
        # A folder that cannot be read is the copies' to report.
        models = stored(store["models_dir"]) or {}
        others = [models[key].live for key in models.keys() - locked.get(store["service"], set())]
        # No engine lists a model whose manifest cannot be read.
        if names := sorted(live.name for live in others if live.digest):
            unlocked[store["service"]] = names
    return unlocked


def _names(engine: dict[str, Any]) -> Iterator[str]:
    for model in engine["models"]:
        yield model["name"]
        if model.get("base"):
            yield model["base"]["name"]
