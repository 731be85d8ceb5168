"""Layers kept on the host by their content, so that a requested image is not made twice."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError, naming
from deploy.agent.inputs.archive import Layer, LayerWriter, sha256_of
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json

DIFF_ID = re.compile(r"sha256:[0-9a-f]{64}")
OVER = "over"
"""Key in a layer's facts for the layers that it was made of, by their keys and contents."""
KEPT_SECONDS = 30 * 24 * 3600
Maker = Callable[[LayerWriter], dict[str, Any]]


class Cache:
    """`keys/<key>.json` names a layer, `layers/<sha256>.tar` is it; `uv/` has wheels; `work/` is cleared each time."""

    def __init__(self, root: str, ensure_wanted: Callable[[], None] = lambda: None) -> None:
        self.root = Path(root)
        self.work = self.root / "work"
        self.uv = self.root / "uv"
        self._ensure_wanted = ensure_wanted

    @contextmanager
    def held(self, journal: Journal) -> Iterator[None]:
        """Allow one build on this host at a time; clear a killed build's leftovers before, and its own after."""
        for folder in ("keys", "layers", "images"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        with (self.root / "builder").open("w") as flag:
            try:
                fcntl.flock(flag, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                journal.say("waiting for another build on this host")
                fcntl.flock(flag, fcntl.LOCK_EX)
            self.remove(self.work)
            self.work.mkdir(mode=0o755)
            try:
                yield
            finally:
                self.remove(self.work)

    def known(self, key: str) -> tuple[Layer, dict[str, Any]] | None:
        """Return the layer of a key with its recorded facts, if its bytes are unchanged."""
        pointer = self.root / "keys" / f"{key}.json"
        pointed = self._pointed(pointer)
        if pointed is None:
            return None
        layer, facts = pointed
        try:
            if f"sha256:{sha256_of(layer.path, self._ensure_wanted)}" != layer.diff_id:
                return None
        except FileNotFoundError:
            return None
        os.utime(pointer)
        return layer, facts

    def usable(self, below: dict[str, str] | None = None) -> set[str]:
        """Return the keys whose layers exist, without reading them.

        A layer made of others is valid over those very layers alone, by default the present ones.
        """
        pointers = {path.stem: self._pointed(path) for path in (self.root / "keys").glob("*.json")}
        there = {key: files for key, files in pointers.items() if files and files[0].path.exists()}
        current = {key: layer.diff_id for key, (layer, _) in there.items()} if below is None else below
        return {key for key, (_, facts) in there.items() if facts.get(OVER, {}).items() <= current.items()}

    def _pointed(self, pointer: Path) -> tuple[Layer, dict[str, Any]] | None:
        """Return the layer that a key names; None if its file is damaged, or the disk below it."""
        note = read_json(pointer) or {}
        diff_id, size, facts = note.get("diff_id"), note.get("size"), note.get("facts")
        if not isinstance(diff_id, str) or not DIFF_ID.fullmatch(diff_id):
            return None
        if type(size) is not int or not isinstance(facts, dict) or not isinstance(facts.get(OVER, {}), dict):
            return None
        return Layer(diff_id, size, self._place(diff_id)), facts

    def keep(self, key: str, make: Maker) -> tuple[Layer, dict[str, Any]]:
        """Make a key's layer: written beside, and renamed when complete.

        It is not flushed to the disk: each use hashes it, which also detects a lost end.
        """
        beside = self.work / f"{key}.tar"
        with naming(self.root), beside.open("wb") as output:
            writer = LayerWriter(output, self._ensure_wanted)
            facts = make(writer)
            diff_id = writer.close()
        layer = Layer(diff_id, writer.size, self._place(diff_id))
        beside.replace(layer.path)
        self.note(self.root / "keys" / f"{key}.json", {"diff_id": diff_id, "size": writer.size, "facts": facts})
        return layer, facts

    def note(self, path: Path, document: dict[str, Any]) -> None:
        """Write a note of the cache; like a layer, it is checked on each read and not flushed."""
        beside = self.work / path.name
        with naming(path):
            beside.write_text(json.dumps(document, sort_keys=True))
        beside.replace(path)

    def prune(self) -> None:
        """Remove layers without a key, and entries unused for a month."""
        named = set()
        for pointer in (self.root / "keys").glob("*.json"):
            if time.time() - pointer.stat().st_mtime > KEPT_SECONDS:
                pointer.unlink()
            else:
                pointed = self._pointed(pointer)
                named |= {pointed[0].path} if pointed else set()
        # Wheels are kept for the next version, which has most of them too; models only where a fetch was cut off.
        for folder in (*(self.root / "downloads").glob("*"), self.uv):
            if folder.exists() and time.time() - folder.stat().st_mtime > KEPT_SECONDS:
                self.remove(folder)
        for layer in (self.root / "layers").iterdir():
            if layer not in named:
                layer.unlink()

    def _place(self, diff_id: str) -> Path:
        return self.root / "layers" / f"{diff_id.split(':')[1]}.tar"

    def remove(self, folder: Path) -> None:
        """Remove a folder of this cache, unless something is mounted in it."""
        mounted = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
        inside = [point for point in mounted if point.startswith(f"{folder}/")]
        if inside:
            # Removing through a mount could remove the host's own files.
            raise AgentError(f"{inside[0]} is still mounted by an earlier build", f"umount {inside[0]}")
        # A cache: what cannot be removed now is tried again by the next build.
        shutil.rmtree(folder, ignore_errors=True)
