"""Weights in a backup, where kit.yaml asks for them: an engine's files, which nobody changes once they are written.

A file of weights is linked into the copies where they share a file system, so it takes no space a second time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.unlocked import stores_of, unlocked_in
from deploy.agent.data.trees import Entry, clear_other, copied_digest, copy_file, entry, own
from deploy.agent.inputs.disk import ensure_room
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, stamp, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.protocols.doors.making import Stored

BLOBS = "blobs"
WHAT = "copies of weights for the backup"


def take_weights(root: Path, backup: Backup, copies: Path, journal: Journal) -> dict[str, list[str]]:
    """Take the wanted models' files along; return the names of those that are whole, by engine."""
    wanted = backup.get("weights")
    if wanted is None:
        return {}
    stores = stores_of(backup)
    chosen = stores if wanted == "all" else unlocked_in(root, stores)
    folders = {store["service"]: Path(store["models_dir"]) for store in backup["stores"]}
    taken: dict[str, list[str]] = {}
    for engine, models in sorted(chosen.items()):
        if names := _taken(engine, folders[engine], list(models.values()), copies / engine, journal):
            taken[engine] = names
        else:
            shutil.rmtree(copies / engine)
    return taken


def _taken(engine: str, source: Path, models: list[Stored], folder: Path, journal: Journal) -> list[str]:
    """Take the files of an engine's models, and write the list of them; return the models' names."""
    known = read_json(folder / "manifest.json") or {"files": []}
    before = {file["path"]: file for file in known["files"]}
    (folder / "manifest.json").unlink(missing_ok=True)
    (folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
    files: dict[str, Entry] = {}
    brought: dict[str, list[str]] = {}
    for model in models:
        if not model.live.digest:
            continue
        journal.say(f"taking the weights of {model.live.name}")
        # A model that is removed or made anew at this moment is one for the next backup.
        with suppress(FileNotFoundError):
            own_files = _files_of(source, folder / "data", model, before | files)
            if own_files is not None:
                files.update(own_files)
                brought[model.live.name] = list(own_files)
    _drop_others(folder / "data", files)
    listed = [files[path] for path in sorted(files)]
    said = {"format": 1, "service": engine, "host_path": str(source), "items": [], "files": listed, "models": brought}
    write_json(folder / "manifest.json", said)
    return sorted(brought)


def _files_of(source: Path, target: Path, model: Stored, before: dict[str, Entry]) -> dict[str, Entry] | None:
    """Take one model's files, its manifest last; None for a model that is not whole."""
    parts = {f"{BLOBS}/{part.file}": part.size for part in model.parts}
    if any(not _is_file(source / path, size) for path, size in parts.items()):
        return None
    manifest = (source / model.manifest).read_bytes()
    if hashlib.sha256(manifest).hexdigest() != model.live.digest:
        return None
    taken = {path: _linked(source, target, path, before.get(path)) for path in parts}
    taken[model.manifest] = _copied(source, target, model.manifest)
    return taken


def _is_file(path: Path, size: int) -> bool:
    return path.is_file() and not path.is_symlink() and path.stat().st_size == size


def _linked(source: Path, target: Path, path: str, before: Entry | None) -> Entry:
    """Link a file of weights into the copies, or copy it to another file system; read it once."""
    there = target / path
    there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    clear_other(there, "file")
    now = stamp((source / path).lstat())
    if before and there.exists() and all(before.get(name) == value for name, value in now.items()):
        return before
    there.unlink(missing_ok=True)
    try:
        os.link(source / path, there, follow_symlinks=False)
    except OSError:
        ensure_room([(target, now["size"], WHAT)])
        return _copied(source, target, path)
    # A link changes a file's ctime, which is a part of its stamp.
    return {**entry(source, path), "sha256": copied_digest(there)}


def _copied(source: Path, target: Path, path: str) -> Entry:
    known, there = entry(source, path), target / path
    there.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copied = {**known, "sha256": copy_file(source / path, there)}
    own(target, copied)
    return copied


def _drop_others(target: Path, kept: dict[str, Entry]) -> None:
    for folder, folders, files in os.walk(target, topdown=False):
        for name in files:
            path = Path(folder) / name
            if str(path.relative_to(target)) not in kept:
                path.unlink()
        for name in folders:
            with suppress(OSError):
                (Path(folder) / name).rmdir()
