"""Weights in a backup: an engine's files, which nobody changes once they are written.

A file of weights is linked into the copies where they share a file system, so it takes no space a second time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.room import Room
from deploy.agent.backups.unlocked import Origin, in_libraries, made_in, stores_of
from deploy.agent.data.trees import Entry, clear_other, copied_digest, copy_file, entry, own
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, stamp, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup
    from deploy.agent.protocols.doors.making import Stored

BLOBS = "blobs"
SHORT = 12


@dataclass
class Weights:
    """Weights in the copies of a backup, by engine."""

    taken: dict[str, list[str]] = field(default_factory=dict)
    """Models whose own files are whole in the copies."""
    unsaved: dict[str, dict[str, str]] = field(default_factory=dict)
    """Model to the reason for which the backup lacks it."""
    bases: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    """Model to the library's models that its other layers are part of, with their digests."""


def take_weights(root: Path, backup: Backup, copies: Path, journal: Journal) -> Weights:
    """Take the wanted models' files along. A model that cannot be saved keeps nothing else from the backup."""
    wanted = backup.get("weights")
    taken = Weights()
    if wanted is None:
        return taken
    stores = stores_of(backup)
    chosen = stores if wanted == "all" else made_in(root, stores)
    folders = {store["service"]: Path(store["models_dir"]) for store in backup["stores"]}
    room = Room(root, backup, copies)
    for engine, models in sorted(chosen.items()):
        elsewhere = {} if wanted == "all" else in_libraries(root, engine, stores[engine])
        taking = _Taking(folders[engine], copies / engine, elsewhere, room, journal)
        taking.take(models.values())
        if taking.unsaved:
            taken.unsaved[engine] = taking.unsaved
        if taking.brought:
            taken.taken[engine] = sorted(taking.brought)
            taken.bases[engine] = taking.bases
        else:
            shutil.rmtree(copies / engine)
    return taken


class _Taking:
    """The files of one engine's models, and the list of them beside."""

    def __init__(self, source: Path, folder: Path, elsewhere: dict[str, Origin], room: Room, journal: Journal) -> None:
        self._source, self._folder, self._room, self._journal = source, folder, room, journal
        self._elsewhere = elsewhere
        self._files: dict[str, Entry] = {}
        self.brought: dict[str, list[str]] = {}
        self.bases: dict[str, dict[str, str]] = {}
        self.unsaved: dict[str, str] = {}

    def take(self, models: Iterable[Stored]) -> None:
        """Take the models' files, the smallest first: a large one without room keeps no other out."""
        known = read_json(self._folder / "manifest.json") or {"files": []}
        before = {file["path"]: file for file in known["files"]}
        (self._folder / "manifest.json").unlink(missing_ok=True)
        (self._folder / "data").mkdir(mode=0o700, parents=True, exist_ok=True)
        readable = (model for model in models if model.live.digest)
        for model in sorted(readable, key=lambda model: (model.live.size, model.live.name)):
            self._take_one(model, before)
        _drop_others(self._folder / "data", self._files)
        said = {
            "format": 1,
            "service": self._folder.name,
            "host_path": str(self._source),
            "items": [],
            "files": [self._files[path] for path in sorted(self._files)],
            "models": self.brought,
        }
        write_json(self._folder / "manifest.json", said)

    def _take_one(self, model: Stored, before: dict[str, Entry]) -> None:
        name = model.live.name
        self._journal.say(f"taking the weights of {name}")
        ours = model._replace(parts=tuple(part for part in model.parts if part.file not in self._elsewhere))
        try:
            files = self._files_of(ours, before)
        except FileNotFoundError:
            # A model that is removed or made anew at this moment is one for the next backup.
            return
        except (AgentError, OSError) as problem:
            self.unsaved[name] = told(problem).problem
            return
        self._files.update(files)
        self.brought[name] = list(files)
        origins = (self._elsewhere[part.file] for part in model.parts if part.file in self._elsewhere)
        if bases := {origin.name: origin.digest for origin in origins}:
            self.bases[name] = bases

    def _files_of(self, model: Stored, before: dict[str, Entry]) -> dict[str, Entry]:
        """Take one model's files, its manifest last."""
        manifest = (self._source / model.manifest).read_bytes()
        if hashlib.sha256(manifest).hexdigest() != model.live.digest:
            raise FileNotFoundError(model.manifest)
        self._ensure_whole(model)
        self._room.take(self._source, {part.file: part.size for part in model.parts})
        known = before | self._files
        paths = [f"{BLOBS}/{part.file}" for part in model.parts]
        taken = {path: _linked(self._source, self._folder / "data", path, known.get(path)) for path in paths}
        taken[model.manifest] = _copied(self._source, self._folder / "data", model.manifest)
        return taken

    def _ensure_whole(self, model: Stored) -> None:
        from deploy.agent.protocols.doors.making import damages

        if words := damages(str(self._source), {"": model}).get(""):
            raise AgentError(words)
        for part in model.parts:
            if (self._source / BLOBS / part.file).is_symlink():
                raise AgentError(f"its layer {part.kind} {_short(part.file)} is a link to another file")


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
        taken = _copied(source, target, path)
    else:
        # A link changes a file's ctime, which is a part of its stamp.
        taken = {**entry(source, path), "sha256": copied_digest(there)}
    if taken["sha256"] != Path(path).name.rpartition("-")[2]:
        there.unlink()
        raise AgentError(f"its file {_short(path)} is damaged: its content has another checksum than its name")
    return taken


def _short(file: str) -> str:
    return file.rpartition("-")[2][:SHORT]


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
