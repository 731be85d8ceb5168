"""An engine's models folder on the disk: a user who can read it need not ask the engine."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, NamedTuple

from deploy.agent.protocols.ollama.engine import Live
from deploy.agent.protocols.ollama.names import plain, same

Layers = dict[str, str]
# Host, folder, model and tag.
NAME_PARTS = 4
SHORT = 12
END_OF_MADE = b"\n"
"""End of a manifest that an engine writes for a model that it makes; one that it pushes has none, nor what it pulls."""


class Part(NamedTuple):
    """One file that a manifest names."""

    kind: str
    """The last word of its media type: model, template, params."""
    file: str
    size: int


class Stored(NamedTuple):
    """A model as its manifest describes it."""

    live: Live
    layers: Layers
    """Digests by media type, several joined by commas."""
    parts: tuple[Part, ...] = ()
    """Every layer and the configuration."""
    manifest: str = ""
    """Path of its manifest in the folder."""
    is_made: bool = False
    """True if the engine made it; a pulled model keeps the bytes of its library's manifest."""


def stored(models_dir: str) -> dict[str, Stored] | None:
    """Return a folder's models by a key that ignores spelling; None if the folder cannot be read.

    An invalid manifest has no parts: no engine lists it.
    """
    models: dict[str, Stored] = {}
    try:
        for path in _manifests(Path(models_dir) / "manifests"):
            raw = path.read_bytes()
            name = plain(":".join(("/".join(path.parts[-NAME_PARTS:-1]), path.name)))
            try:
                models[same(name)] = _read(name, raw)._replace(manifest=str(path.relative_to(models_dir)))
            except (ValueError, KeyError, TypeError, AttributeError):
                models[same(name)] = Stored(Live(name, "", 0, ""), {})
    except OSError:
        return None
    return models


def damages(models_dir: str, models: dict[str, Stored]) -> dict[str, str]:
    """Return the damage of each model that has lost parts; file sizes are checked, contents are not read."""
    sizes: dict[str, int | None] = {}
    told = {}
    for key, model in models.items():
        words = [] if model.live.digest else ["its manifest cannot be read"]
        for part in model.parts:
            if part.file not in sizes:
                sizes[part.file] = _size(f"{models_dir}/blobs/{part.file}")
            if (there := sizes[part.file]) != part.size:
                what = "is missing" if there is None else f"has {there} of {part.size} bytes"
                words.append(f"its layer {part.kind} {part.file.rpartition('-')[2][:SHORT]} {what}")
        if words:
            told[key] = ", ".join(words)
    return told


def clear(models_dir: str, model: Stored) -> None:
    """Remove a model's files of wrong size: an engine reuses existing files unchecked."""
    for part in model.parts:
        drop_cut(f"{models_dir}/blobs/{part.file}", part.size)


def drop_cut(path: str, size: int) -> None:
    """Remove a file unless it has the right size."""
    if _size(path) not in (None, size):
        Path(path).unlink()


def holds(path: str, size: int | None = None) -> bool:
    """True if a path exists with the right size; an inaccessible path counts as missing."""
    there = _size(path)
    return there is not None and size in (None, there)


def is_shut(models_dir: str) -> bool:
    """True if a folder exists and this user cannot read it."""
    try:
        with os.scandir(f"{models_dir}/manifests"):
            return False
    except PermissionError:
        return True
    except OSError:
        return False


def _size(path: str) -> int | None:
    try:
        return Path(path).stat().st_size
    except OSError:
        return None


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
    parts = tuple(map(_part, (*layers, *([manifest["config"]] if manifest.get("config") else []))))
    live = Live(name, hashlib.sha256(raw).hexdigest(), sum(part.size for part in parts), "")
    # A model may have several licences.
    by_kind = {kind: ",".join(digests) for kind, digests in by_type.items()}
    return Stored(live, by_kind, tuple(filter(_has_file, parts)), is_made=raw.endswith(END_OF_MADE))


def _part(layer: dict[str, Any]) -> Part:
    kind = str(layer.get("mediaType", "")).split("+")[0].rpartition(".")[2]
    digest = str(layer.get("digest") or "").replace(":", "-")
    return Part("configuration" if kind == "v1" else kind, digest, int(layer.get("size", 0)))


def _has_file(part: Part) -> bool:
    return bool(part.file) and "/" not in part.file
