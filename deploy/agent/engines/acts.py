"""Operation `engine`: a person's request to one engine: list its models, pull one, remove one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.data.places import remember_removal
from deploy.agent.errors import AgentError
from deploy.agent.holder import working
from deploy.agent.journal import Journal
from deploy.agent.protocols.doors.making import Engine, Live, Memory, ensure_fits, holds, making, prompt, pull
from deploy.agent.protocols.doors.names import plain, same
from deploy.agent.protocols.wire import Limits

if TYPE_CHECKING:
    from deploy.agent.contract.engines import EngineAnswer, EngineRequest, ListedModel, Loaded


def run(request: EngineRequest, journal: Journal) -> EngineAnswer:
    """Run the operation `engine`."""
    root = Path(request["root"])
    given = cast("list[float] | None", request.get("limits"))
    limits = Limits(*given) if given else None
    engine = Engine(request["engine"], root, request.get("ca"), limits)
    if request["act"] in LOOKING:
        return LOOKING[request["act"]](engine, request)
    if request["act"] != "pull" and request["act"] != "remove":
        known = ", ".join((*LOOKING, "pull", "remove"))
        raise AgentError(f"the operation engine cannot {request['act']}", f"use one of {known}", 2)
    act = _pull if request["act"] == "pull" else _remove
    with working(request, "engine"), journal.step(f"{request['act']} {request['model']}"):
        return act(engine, request, Memory(root), journal)


def _listed(engine: Engine, _request: Any) -> EngineAnswer:
    loaded = engine.loaded()
    return {"models": [_described(live, loaded.get(name)) for name, live in sorted(engine.models().items())]}


def _described(live: Live, loaded: dict[str, Any] | None) -> ListedModel:
    kept = ("size", "size_vram", "expires_at", "context_length")
    memory = None if loaded is None else cast("Loaded", {name: loaded[name] for name in kept if name in loaded})
    return {
        "name": plain(live.name),
        "digest": live.digest,
        "size": live.size,
        "modified": live.modified,
        "loaded": memory,
    }


def _pull(engine: Engine, request: Any, memory: Memory, journal: Journal) -> EngineAnswer:
    name = request["model"]
    before = engine.models().get(same(name))
    folder = request["engine"].get("models_dir")
    if folder is not None:
        missing = {f"{folder}/blobs/sha256-{sha256}": size for sha256, size in request.get("layers", [])}
        ensure_fits(folder, sum(size for path, size in missing.items() if not holds(path, size)), name)
    live = pull(engine, name, None, (request.get("mirrors") or {}).get("models"), journal, folder)
    memory.keep_pulled(engine.name, name, live.digest)
    changed = before is None or before.digest != live.digest
    return {"changed": changed, "name": plain(live.name), "digest": live.digest, "size": live.size}


def _remove(engine: Engine, request: Any, memory: Memory, journal: Journal) -> EngineAnswer:
    name = request["model"]
    journal.say(f"removing {name}")
    removed = engine.remove(name)
    memory.forget(engine.name, name)
    if request["engine"].get("models_dir") is not None:
        remember_removal(Path(request["root"]), engine.name)
    return {"changed": removed, "name": name}


def _able(engine: Engine, request: Any) -> EngineAnswer:
    return {"capabilities": engine.capabilities(request["model"])}


def _making(engine: Engine, request: Any) -> EngineAnswer:
    template, renderer = making(engine, request["model"])
    return {"template": template, "renderer": renderer}


def _prompt(engine: Engine, request: Any) -> EngineAnswer:
    return {"prompt": prompt(engine, request["model"], request.get("template"))}


LOOKING = {"list": _listed, "capabilities": _able, "making": _making, "prompt": _prompt}
"""Acts that change nothing, and so go without the hold."""
