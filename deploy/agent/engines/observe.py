"""What engines have and what is remembered of them, for a probe: one short request each, all at once."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from pathlib import Path
from typing import Any

from deploy.agent.engines.engine import Engine, Live
from deploy.agent.engines.memory import Memory
from deploy.agent.engines.named import NamedEngine, applied_names
from deploy.agent.engines.names import same, shown
from deploy.agent.engines.wire import Limits
from deploy.agent.errors import AgentError

SECONDS = 2.0


def observe(engines: list[dict[str, Any]], root: Path, ca: str | None = None) -> dict[str, Any]:
    """Return each engine's models; an engine that cannot be asked has a problem in words instead."""
    memory = Memory(root)
    found: dict[str, dict[str, Any]] = {}
    threads = [
        threading.Thread(target=_look, args=(described, root, ca, memory, found), daemon=True) for described in engines
    ]
    for thread in threads:
        thread.start()
    end = time.monotonic() + SECONDS
    for thread in threads:
        thread.join(max(end - time.monotonic(), 0))
    # One that drips its answer byte by byte keeps within every limit but this one.
    late = AgentError(f"it did not answer within {SECONDS:g} s")
    return {
        described["name"]: _with_memory(
            described, found.get(described["name"]) or _unanswered(described, late), root, memory
        )
        for described in engines
    }


def _is_named(described: dict[str, Any]) -> bool:
    return bool(described["protocol"] == NamedEngine.protocol)


def _unanswered(described: dict[str, Any], problem: AgentError) -> dict[str, Any]:
    if _is_named(described):
        return {"problem": problem.problem, "next": problem.next_step, "names": []}
    return _answer(problem.problem, {}, {})


def _with_memory(described: dict[str, Any], said: dict[str, Any], root: Path, memory: Memory) -> dict[str, Any]:
    name, models_dir = described["name"], described.get("models_dir")
    if _is_named(described):
        return {**said, "applied": applied_names(root, name, described["address"])}
    return {
        **said,
        "remembered": memory.pairs(name),
        "place": memory.place(name),
        "store": _is_there(f"{models_dir}/manifests"),
        "blobs": _present(models_dir, described.get("blobs", [])),
    }


def _present(models_dir: str | None, blobs: list[str]) -> list[str]:
    """Return which files the engine has already; one that cannot be looked at counts as missing."""
    if models_dir is None:
        return []
    return [sha256 for sha256 in blobs if _is_there(f"{models_dir}/blobs/sha256-{sha256}")]


def _is_there(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError:
        return False


def _look(described: dict[str, Any], root: Path, ca: str | None, memory: Memory, found: dict[str, Any]) -> None:
    limits = Limits(SECONDS, SECONDS)
    try:
        if _is_named(described):
            names = NamedEngine(described, root, ca, limits).models()
            found[described["name"]] = {"problem": None, "next": "", "names": list(names)}
        else:
            engine = Engine(described, root, ca, limits)
            remembered = memory.pairs(engine.name)
            live = _spelled(engine.models(), remembered)
            changed = {
                known: live[known]
                for known, pair in remembered.items()
                if known in live and live[known].digest != pair["manifest"]
            }
            found[engine.name] = _answer(None, live, _layers(described.get("models_dir"), changed))
            # Each of these is a request more, and none of them may cost what is known already.
            for known, one in changed.items():
                told = {**found[engine.name]["shown"], known: engine.shown(one.name)}
                found[engine.name] = {**found[engine.name], "shown": told}
    except AgentError as error:
        found.setdefault(described["name"], _unanswered(described, error))


def _spelled(live: dict[str, Live], remembered: dict[str, Any]) -> dict[str, Live]:
    """Return models under the names of the spec where there is one: an engine may spell them otherwise."""
    spelled = {same(known): known for known in remembered}
    return {spelled.get(key, shown(one.name)): one for key, one in live.items()}


def _answer(problem: str | None, models: dict[str, Live], layers: dict[str, Any]) -> dict[str, Any]:
    listed = {name: {"digest": one.digest, "size": one.size} for name, one in models.items()}
    # Asking for the version would be a second request, and nothing is decided by it.
    return {"problem": problem, "version": None, "models": listed, "layers": layers, "shown": {}}


def _layers(models_dir: str | None, changed: dict[str, Live]) -> dict[str, dict[str, str]]:
    """Return the layers of models, found by their manifests' digests, so that no place or spelling has to be known."""
    if models_dir is None or not changed:
        return {}
    manifests: dict[str, bytes] = {}
    for path in (Path(models_dir) / "manifests").rglob("*"):
        try:
            raw = path.read_bytes() if path.is_file() else b""
        except OSError:
            continue
        manifests[hashlib.sha256(raw).hexdigest()] = raw
    return {name: _by_type(manifests[one.digest]) for name, one in changed.items() if one.digest in manifests}


def _by_type(manifest: bytes) -> dict[str, str]:
    layers: dict[str, list[str]] = {}
    for layer in json.loads(manifest).get("layers") or []:
        layers.setdefault(layer["mediaType"], []).append(layer["digest"])
    # A model may have several licences.
    return {kind: ",".join(digests) for kind, digests in layers.items()}
