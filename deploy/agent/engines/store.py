"""The folder in which an engine keeps its models, as it lies on the disk: who may read it need not ask the engine."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from deploy.agent.engines.engine import Live
from deploy.agent.engines.names import plain, same

Layers = dict[str, str]
# Host, folder, model and tag.
NAME_PARTS = 4


class Stored(NamedTuple):
    """A model as its manifest says it."""

    live: Live
    layers: Layers
    """Digests by media type, several joined by commas."""


def stored(models_dir: str) -> dict[str, Stored] | None:
    """Return the models of a folder, by what is equal for all spellings of a name; None where it cannot be read."""
    found: dict[str, Stored] = {}
    try:
        for path in _manifests(Path(models_dir) / "manifests"):
            raw = path.read_bytes()
            name = plain(":".join(("/".join(path.parts[-NAME_PARTS:-1]), path.name)))
            found[same(name)] = _read(name, raw)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found


def holds(path: str) -> bool:
    """Say whether there is something at a path; what cannot be looked at counts as missing."""
    try:
        return Path(path).exists()
    except OSError:
        return False


def _manifests(folder: Path) -> list[Path]:
    def give_up(problem: OSError) -> None:
        raise problem

    walked = os.walk(folder, onerror=give_up)
    paths = [Path(above) / name for above, _, names in walked for name in names if not name.startswith(".")]
    return [path for path in paths if len(path.relative_to(folder).parts) == NAME_PARTS]


def _read(name: str, raw: bytes) -> Stored:
    manifest: dict[str, Any] = json.loads(raw)
    layers = manifest.get("layers") or []
    by_type: dict[str, list[str]] = {}
    for layer in layers:
        by_type.setdefault(layer["mediaType"], []).append(layer["digest"])
    size = sum(int(part.get("size", 0)) for part in (*layers, manifest.get("config") or {}))
    live = Live(name, hashlib.sha256(raw).hexdigest(), size, "")
    # A model may have several licences.
    return Stored(live, {kind: ",".join(digests) for kind, digests in by_type.items()})
