"""A stack's folders on a host, with real databases of chats."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploy.agent.data.places import observe, remember_places
from deploy.deployment.folders import Owner
from deploy.deployment.places import Place
from deploy.hosts.observation.places import SeenData, read_places

SERVICE, KIND = "open_webui", "open_webui"
PARTS = ("webui.db", "vector_db/chroma.sqlite3", "vector_db", "uploads")


def write_chats(folder: Path, *people: str, chats: int = 0, at: int = 1000) -> None:
    """Make a database as the page makes it, or add to the one that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "webui.db")) as connection, connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute('create table if not exists "user" (id text primary key, email text)')
        connection.execute("create table if not exists chat (id integer primary key, updated_at integer)")
        rows = [(one, f"{one}@example.org") for one in people]
        connection.executemany('insert or ignore into "user" values (?, ?)', rows)
        connection.executemany("insert into chat (updated_at) values (?)", [(at,)] * chats)


def chats_in(folder: Path) -> int:
    """Count the chats of a database."""
    with closing(sqlite3.connect(folder / "webui.db")) as connection:
        (number,) = connection.execute("select count(*) from chat").fetchone()
    return int(number)


@dataclass(frozen=True)
class Host:
    """A host's folders: the stack's root, and a folder for data."""

    folder: Path

    @property
    def root(self) -> Path:
        """Root of the stack."""
        return self.folder / "opt"

    @property
    def data(self) -> Path:
        """First folder of the page's data."""
        return self.folder / "srv" / "data"

    def place(self, path: Path | None = None) -> Place:
        """Describe a place of the page's data."""
        owner = Owner(os.getuid(), os.getgid())
        return Place(SERVICE, KIND, str(path or self.data), owner, PARTS, PARTS[:2])

    def models(self, path: Path) -> Place:
        """Describe a place of an engine's models."""
        return Place("main", "ollama", str(path), Owner(os.getuid(), os.getgid()), protocol="ollama")

    def accept(self, place: Place | None = None) -> None:
        """Remember a place as an accepted release leaves it."""
        place = place or self.place()
        remember_places(self.root, {place.service: place.request()})

    def seen(self, place: Place | None = None) -> SeenData:
        """Look at a place as a probe does."""
        place = place or self.place()
        return read_places(json.loads(json.dumps(observe(self.root, {place.service: place.request()}))))[place.service]

    def empty(self) -> None:
        """Remove everything from the data's folder, as `rm -rf` would."""
        shutil.rmtree(self.data)
        self.data.mkdir()

    def release(self, name: str, data: Path, *, current: bool = True) -> None:
        """Place a release whose data lies somewhere."""
        folder = self.root / "releases" / name
        folder.mkdir(parents=True, exist_ok=True)
        decided: dict[str, Any] = {"services": [{"name": SERVICE, "data": {"host_path": str(data)}}], "engines": []}
        (folder / "deployment.json").write_text(json.dumps(decided))
        (folder / "manifest.json").write_text(
            json.dumps({"format": 1, "kit": "0", "stack": "home", "files": [], "services": {}})
        )
        if current:
            (self.root / "current").unlink(missing_ok=True)
            (self.root / "current").symlink_to(f"releases/{name}")


def write_model(folder: Path, name: str) -> None:
    """Write the manifest of a model as an engine does."""
    path = folder / "manifests" / "registry.ollama.ai" / "library" / name / "latest"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"layers": [], "config": {"size": 1}, "name": name}))
