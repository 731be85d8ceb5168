"""Models that kit.yaml does not have: no kit.lock brings them back, and a backup only names them by default."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.contract.deployed import Engine
    from deploy.agent.protocols.doors.making import Stored

Stores = dict[str, "dict[str, Stored]"]
"""Engine to the models in its folder, by a key that ignores spelling."""


def stores_of(backup: Backup) -> Stores:
    """Return the models of each engine."""
    if not backup["stores"]:
        return {}
    from deploy.agent.protocols.doors.making import stored

    # A folder that cannot be read is the copies' to report.
    return {store["service"]: stored(store["models_dir"]) or {} for store in backup["stores"]}


def unlocked_in(root: Path, stores: Stores) -> Stores:
    """Return the models that kit.yaml does not have; a person pulled or made them on the engine itself."""
    if not stores:
        return {}
    from deploy.agent.protocols.doors.names import same

    engines = deployed(root / "current").get("engines", [])
    locked = {engine["name"]: set(map(same, _names(engine))) for engine in engines}
    return {
        name: {key: model for key, model in models.items() if key not in locked.get(name, set())}
        for name, models in stores.items()
    }


def unlocked_models(root: Path, backup: Backup, weights: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Return the engines with such models, and the names of those that are not among the weights of the backup."""
    unlocked: dict[str, list[str]] = {}
    for engine, models in unlocked_in(root, stores_of(backup)).items():
        # No engine lists a model whose manifest cannot be read.
        names = sorted(model.live.name for model in models.values() if model.live.digest)
        if missing := [name for name in names if name not in weights.get(engine, [])]:
            unlocked[engine] = missing
    return unlocked


def _names(engine: Engine) -> Iterator[str]:
    for model in engine["models"]:
        yield model["name"]
        if base := model.get("base"):
            yield base["name"]
