"""Operation `engine`: a person's request to one engine: list its models, pull one, remove one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.data.places import remember_removal
from deploy.agent.engines.prompts import making, prompt
from deploy.agent.engines.pulling import ensure_fits, pull
from deploy.agent.errors import AgentError
from deploy.agent.holder import working
from deploy.agent.journal import Journal
from deploy.agent.protocols.engine import Engine, Live
from deploy.agent.protocols.memory import Memory
from deploy.agent.protocols.names import plain, same
from deploy.agent.protocols.store import holds
from deploy.agent.protocols.wire import Limits


def run(request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Run the operation `engine`."""
    root = Path(request["root"])
    limits = Limits(*request["limits"]) if request.get("limits") else None
    engine = Engine(request["engine"], root, request.get("ca"), limits)
    if request["act"] in LOOKING:
        return LOOKING[request["act"]](engine, request)
    acts = {"pull": _pull, "remove": _remove}
    if request["act"] not in acts:
        known = ", ".join((*LOOKING, *acts))
        raise AgentError(f"the operation engine cannot {request['act']}", f"use one of {known}", 2)
    with working(request, "engine"), journal.step(f"{request['act']} {request['model']}"):
        return acts[request["act"]](engine, request, Memory(root), journal)


def _listed(engine: Engine, _request: dict[str, Any]) -> dict[str, Any]:
    loaded = engine.loaded()
    return {"models": [_described(live, loaded.get(name)) for name, live in sorted(engine.models().items())]}


def _described(live: Live, loaded: dict[str, Any] | None) -> dict[str, Any]:
    listed = {"name": plain(live.name), "digest": live.digest, "size": live.size, "modified": live.modified}
    if loaded is None:
        return {**listed, "loaded": None}
    kept = ("size", "size_vram", "expires_at", "context_length")
    return {**listed, "loaded": {name: loaded[name] for name in kept if name in loaded}}


def _pull(engine: Engine, request: dict[str, Any], memory: Memory, journal: Journal) -> dict[str, Any]:
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


def _remove(engine: Engine, request: dict[str, Any], memory: Memory, journal: Journal) -> dict[str, Any]:
    name = request["model"]
    journal.say(f"removing {name}")
    removed = engine.remove(name)
    memory.forget(engine.name, name)
    if request["engine"].get("models_dir") is not None:
        remember_removal(Path(request["root"]), engine.name)
    return {"changed": removed, "name": name}


def _able(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    return {"capabilities": engine.capabilities(request["model"])}


def _making(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    return making(engine, request["model"])


def _prompt(engine: Engine, request: dict[str, Any]) -> dict[str, Any]:
    return {"prompt": prompt(engine, request["model"], request.get("template"))}


LOOKING = {"list": _listed, "capabilities": _able, "making": _making, "prompt": _prompt}
"""Acts that change nothing, and so go without the hold."""
