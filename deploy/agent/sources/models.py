"""Operation `models`: brings each model's file to its place and checks its sha256."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import sha256_of
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.disk import Need, ensure_room
from deploy.agent.journal import Journal
from deploy.agent.leftovers import partial, remove_leftovers, size_of
from deploy.agent.remembered import read_json, stamp, write_json
from deploy.agent.sources.kinds import source_of
from deploy.agent.sources.placed import MODE

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import ModelFile, ModelsAnswer, ModelsRequest, PresentModel


def run(request: ModelsRequest, journal: Journal) -> ModelsAnswer:
    """Run the operation `models`."""
    memory = Path(request["root"]) / "run" / "models.json"
    children = Children()
    missing = [model for model in request["models"] if not _is_right(model, memory, journal)]
    try:
        remove_leftovers({Path(model["path"]).parent for model in missing})
        _ensure_room(missing, Path(request["cache"]))
        for model in missing:
            with journal.step(f"model {model['name']}"):
                source_of(model["source"]).bring(model, request, journal, children)
                _remember(model, memory)
    except BaseException:
        children.stop()
        raise
    placed = {model["name"] for model in missing}
    answers: list[PresentModel] = [
        {"name": model["name"], "path": model["path"], "sha256": model["sha256"], "placed": model["name"] in placed}
        for model in request["models"]
    ]
    return {"changed": bool(missing), "models": answers}


def _is_right(model: ModelFile, memory: Path, journal: Journal) -> bool:
    """True if the right file is in place; raise for a file that the kit did not put there."""
    path = Path(model["path"])
    if not path.exists():
        return False
    status = path.stat()
    known = (read_json(memory) or {}).get(str(path))
    if known == _state(model, status):
        return True
    if status.st_size == model["size"]:
        journal.say(f"hashing {path}", 0, model["size"])
        if sha256_of(path) == model["sha256"]:
            os.chown(path, model["uid"], model["gid"])
            path.chmod(MODE)
            _remember(model, memory)
            return True
    if known is None:
        raise AgentError(
            f"model {model['name']}: {path} is a different file, and the kit did not put it there",
            f"check it, then move it away: mv {path} {path}.old",
        )
    return False


def _state(model: ModelFile, status: os.stat_result) -> dict[str, object]:
    return {"sha256": model["sha256"], **stamp(status)}


def _remember(model: ModelFile, memory: Path) -> None:
    """Record a checked file, so that another run need not read GiBs again."""
    known = read_json(memory) or {}
    write_json(memory, {**known, model["path"]: _state(model, Path(model["path"]).stat())})


def _ensure_room(models: list[ModelFile], cache: Path) -> None:
    needs = []
    for model in models:
        # The part of an interrupted run has its room already.
        left = max(0, model["size"] - size_of(partial(Path(model["path"]), model["sha256"])))
        needs.append(Need(Path(model["path"]), left, f"model {model['name']}"))
        staged = source_of(model["source"]).STAGED * model["size"]
        needs.append(Need(cache, staged, f"model {model['name']}"))
    ensure_room(needs)
