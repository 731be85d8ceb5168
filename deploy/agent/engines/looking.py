"""One engine as a probe sees it: first what decides, then what only names causes and sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from deploy.agent.engines.engine import Engine, Live
from deploy.agent.engines.names import plain, same
from deploy.agent.engines.store import Layers, holds, stored

Answer = dict[str, Any]
Pairs = dict[str, Any]


def look(engine: Engine, described: Answer, pairs: Pairs, tell: Callable[[Answer], None]) -> None:
    """Ask an engine that makes models for them, and tell what is known whenever there is more of it."""
    live = _spelled(engine.models(), pairs)
    changed = _changed(live, pairs)
    said = _answer(None, live, _layers_of(described, changed))
    tell(said)
    for known, one in changed.items():
        said = {**said, "shown": {**said["shown"], known: engine.shown(one.name)}}
        tell(said)
    if described.get("models_dir") is None:
        for sha256 in _unsent(described, live, changed, pairs):
            if engine.has_blob(sha256):
                said = {**said, "blobs": [*said["blobs"], sha256]}
                tell(said)


def unanswered(described: Answer, problem: str, pairs: Pairs) -> Answer:
    """Return what is known of an engine that does not answer: what lies in its folder, where that may be read."""
    models_dir = described.get("models_dir")
    found = stored(models_dir) if models_dir else None
    if found is None:
        return _answer(problem, {}, {})
    live = _spelled({key: one.live for key, one in found.items()}, pairs)
    layers = {known: found[same(one.name)].layers for known, one in _changed(live, pairs).items()}
    return {**_answer(problem, live, layers), "is_read": True}


def in_folder(described: Answer) -> Answer:
    """Return what the folder of an engine's models has, whether the engine answers or not."""
    models_dir = described["models_dir"]
    files = sorted({one["sha256"] for one in described.get("blobs", [])})
    return {
        "store": holds(f"{models_dir}/manifests"),
        "blobs": [sha256 for sha256 in files if holds(f"{models_dir}/blobs/sha256-{sha256}")],
    }


def _answer(problem: str | None, models: dict[str, Live], layers: dict[str, Layers]) -> Answer:
    listed = {name: {"digest": one.digest, "size": one.size} for name, one in models.items()}
    none: Answer = {"is_read": False, "shown": {}, "store": False, "blobs": []}
    return {**none, "problem": problem, "models": listed, "layers": layers}


def _spelled(live: dict[str, Live], pairs: Pairs) -> dict[str, Live]:
    """Return models under the names of the spec where there is one: an engine may spell them otherwise."""
    spelled = {same(known): known for known in pairs}
    return {spelled.get(key, plain(one.name)): one for key, one in live.items()}


def _changed(live: dict[str, Live], pairs: Pairs) -> dict[str, Live]:
    return {
        known: live[known] for known, pair in pairs.items() if known in live and live[known].digest != pair["manifest"]
    }


def _layers_of(described: Answer, changed: dict[str, Live]) -> dict[str, Layers]:
    """Return the layers of models, found by their manifests' digests, whatever their names are."""
    models_dir = described.get("models_dir")
    if not models_dir or not changed:
        return {}
    by_digest = {one.live.digest: one.layers for one in (stored(models_dir) or {}).values()}
    return {known: by_digest[one.digest] for known, one in changed.items() if one.digest in by_digest}


def _unsent(described: Answer, live: dict[str, Live], changed: dict[str, Live], pairs: Pairs) -> list[str]:
    """Return the files that an apply may have to send: an unchanged engine is asked for none of them."""
    return sorted(
        {
            one["sha256"]
            for one in described.get("blobs", [])
            if one["model"] not in live
            or one["model"] in changed
            or pairs.get(one["model"], {}).get("request") != one["request"]
        }
    )
