"""Models that kit.yaml does not have: no kit.lock brings them back. A library has those that a person pulled."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.contract.deployed import Engine
    from deploy.agent.protocols.doors.making import Stored

Stores = dict[str, "dict[str, Stored]"]
"""Engine to the models in its folder, by a key that ignores spelling."""


class Origin(NamedTuple):
    """A library's model on this host, by the digest of its manifest."""

    name: str
    digest: str


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
    locked = _locked(root)
    return {
        name: {key: model for key, model in models.items() if key not in locked.get(name, set())}
        for name, models in stores.items()
    }


def made_in(root: Path, stores: Stores) -> Stores:
    """Return the models that somebody made on the engine itself: nothing but a backup brings them back."""
    return {
        name: {key: model for key, model in models.items() if model.is_made}
        for name, models in unlocked_in(root, stores).items()
    }


def in_libraries(root: Path, engine: str, models: dict[str, Stored]) -> dict[str, Origin]:
    """Return the files that belong to a library's model on this engine; to one of kit.yaml, if there is one.

    The `from` of a layer proves nothing: it may name a model that is gone, and a library's own layers have one too.
    """
    locked = _locked(root).get(engine, set())
    origins: dict[str, Origin] = {}
    for key in sorted(models, key=lambda key: (key not in locked, key)):
        live = models[key].live
        if live.digest and not models[key].is_made:
            origins = {part.file: Origin(live.name, live.digest) for part in models[key].parts} | origins
    return origins


def _locked(root: Path) -> dict[str, set[str]]:
    from deploy.agent.protocols.doors.names import same

    engines = deployed(root / "current").get("engines", [])
    return {engine["name"]: set(map(same, _names(engine))) for engine in engines}


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
