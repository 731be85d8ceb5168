"""One engine as a probe sees it: first the facts that decide, then those that only name causes and sizes."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.protocols.caller import RefusedError
from deploy.agent.protocols.ollama.engine import Engine, Live
from deploy.agent.protocols.ollama.names import plain, same
from deploy.agent.protocols.ollama.store import Layers, damages, holds, is_shut, stored

Described = Mapping[str, Any]
Answer = dict[str, Any]
Pairs = dict[str, Any]
AT_ONCE = 4


def look(engine: Engine, described: Described, pairs: Pairs, tell: Callable[[Answer], None]) -> None:
    """Ask an engine for the models that were made on it, and report each time that more is known."""
    live = _spelled(engine.models(), pairs)
    changed = _changed(live, pairs)
    said = _answer(None, live, _layers_of(described, changed))
    tell(said)
    for known, live_model in changed.items():
        with suppress(RefusedError):
            said = {**said, "shown": {**said["shown"], known: engine.shown(live_model.name)}}
            tell(said)
    models_dir = described.get("models_dir")
    if models_dir is None or is_shut(models_dir):
        lost: dict[str, str] = said["lost"]
        _hear_damages(engine, _comparable(described, live, changed, pairs), pairs, lost.__setitem__)
        tell(said)
    if models_dir is None:
        for sha256 in _unsent(described, live, {*changed, *said["lost"]}, pairs):
            if engine.has_blob(sha256):
                said = {**said, "blobs": [*said["blobs"], sha256]}
                tell(said)


def unanswered(described: Described, problem: str, pairs: Pairs) -> Answer:
    """Return the facts of an engine that does not answer: the content of its folder, if it is readable."""
    models_dir = described.get("models_dir")
    models = stored(models_dir) if models_dir else None
    if models is None:
        return _answer(problem, {}, {})
    live = _spelled({key: model.live for key, model in models.items() if model.live.digest}, pairs)
    layers = {known: models[same(model.name)].layers for known, model in _changed(live, pairs).items()}
    return {**_answer(problem, live, layers), "is_read": True}


def in_folder(described: Described, pairs: Pairs) -> Answer:
    """Return the content of an engine's models folder, whether the engine answers or not."""
    models_dir = described["models_dir"]
    files = {blob["sha256"]: blob.get("size") for blob in described.get("blobs", [])}
    said: Answer = {
        "store": holds(f"{models_dir}/manifests"),
        "blobs": [sha256 for sha256 in sorted(files) if holds(f"{models_dir}/blobs/sha256-{sha256}", files[sha256])],
    }
    models = stored(models_dir)
    if models is None:
        return said
    spelled = {same(known): known for known in pairs}
    told = damages(models_dir, models).items()
    return {**said, "lost": {spelled.get(key, models[key].live.name): words for key, words in told}}


def _answer(problem: str | None, models: dict[str, Live], layers: dict[str, Layers]) -> Answer:
    listed = {name: {"digest": model.digest, "size": model.size} for name, model in models.items()}
    none: Answer = {"is_read": False, "shown": {}, "store": False, "blobs": [], "lost": {}}
    cloud = sorted(name for name, model in models.items() if model.is_in_cloud)
    return {**none, "problem": problem, "models": listed, "layers": layers, "cloud": cloud}


def _spelled(live: dict[str, Live], pairs: Pairs) -> dict[str, Live]:
    """Return models under their names in the spec, if they have one: an engine may spell them differently."""
    spelled = {same(known): known for known in pairs}
    return {spelled.get(key, plain(model.name)): model for key, model in live.items()}


def _changed(live: dict[str, Live], pairs: Pairs) -> dict[str, Live]:
    return {
        known: live[known] for known, pair in pairs.items() if known in live and live[known].digest != pair["manifest"]
    }


def _layers_of(described: Described, changed: dict[str, Live]) -> dict[str, Layers]:
    """Return the layers of models, found by their manifests' digests and not by their names."""
    models_dir = described.get("models_dir")
    if not models_dir or not changed:
        return {}
    by_digest = {model.live.digest: model.layers for model in (stored(models_dir) or {}).values()}
    return {known: by_digest[model.digest] for known, model in changed.items() if model.digest in by_digest}


def _hear_damages(engine: Engine, names: dict[str, str], pairs: Pairs, hear: Callable[[str, str], None]) -> None:
    """Ask an engine to show models, a few in parallel, and report the reason for each failure."""

    def ask(some: list[str]) -> None:
        with suppress(AgentError):
            for name in some:
                if damages := engine.damages_of(names[name], pairs.get(name, {}).get("shown", {})):
                    hear(name, ", ".join(damages.values()))

    each = sorted(names)
    threads = [threading.Thread(target=ask, args=(each[n::AT_ONCE],), daemon=True) for n in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _comparable(described: Described, live: dict[str, Live], changed: dict[str, Live], pairs: Pairs) -> dict[str, str]:
    """Return the engine's names of the unchanged models, and of the base models of others."""
    bases = set(map(same, described.get("bases", [])))
    wanted = {name for name in live if name in pairs or same(name) in bases}
    return {name: live[name].name for name in wanted - set(changed)}


def _unsent(described: Described, live: dict[str, Live], changed: set[str], pairs: Pairs) -> list[str]:
    """Return the files that an apply may have to send; for an unchanged engine there are none."""
    return sorted(
        {
            blob["sha256"]
            for blob in described.get("blobs", [])
            if blob["model"] not in live
            or blob["model"] in changed
            or pairs.get(blob["model"], {}).get("request") != blob["request"]
        }
    )
