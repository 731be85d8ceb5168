"""Models that kit.yaml does not have: no backup has their weights, and no kit.lock brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.contract.deployed import Engine


def unlocked_models(root: Path, backup: Backup) -> dict[str, list[str]]:
    """Return the engines with such models, and their names; a person pulled or made them on the engine itself."""
    if not backup["stores"]:
        return {}
    from deploy.agent.protocols.doors.making import stored
    from deploy.agent.protocols.doors.names import same

    engines = deployed(root / "current").get("engines", [])
    locked = {engine["name"]: set(map(same, _names(engine))) for engine in engines}
    unlocked: dict[str, list[str]] = {}
    for store in backup["stores"]:
        # A folder that cannot be read is the copies' to report.
        models = stored(store["models_dir"]) or {}
        others = [models[key].live for key in models.keys() - locked.get(store["service"], set())]
        # No engine lists a model whose manifest cannot be read.
        if names := sorted(live.name for live in others if live.digest):
            unlocked[store["service"]] = names
    return unlocked


def _names(engine: Engine) -> Iterator[str]:
    for model in engine["models"]:
        yield model["name"]
        if base := model.get("base"):
            yield base["name"]
