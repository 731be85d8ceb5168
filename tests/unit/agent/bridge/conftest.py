"""A played host: a release with a page, its folders, and a database that is in use."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

RELEASE = "a" * 64


@dataclass
class Bridge:
    """The root of a stack, and a page's folders."""

    root: Path
    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def database(self) -> Path:
        return self.data / "webui.db"

    @property
    def request(self) -> Any:
        return {"stack": "home", "root": str(self.root), "service": "page", "health_timeout": 1.0}

    def words(self, database: Path | None = None) -> list[str]:
        """Return the rows of a database that is whole."""
        with closing(sqlite3.connect(database or self.database)) as connection:
            assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
            return [str(word) for (word,) in connection.execute("select word from said order by rowid")]


@pytest.fixture
def bridge(tmp_path: Path) -> Bridge:
    bridge = Bridge(tmp_path / "kit" / "home", tmp_path / "bridge")
    bridge.data.mkdir(parents=True)
    (bridge.folder / "uploads").mkdir()
    release = bridge.root / "releases" / RELEASE
    release.mkdir(parents=True)
    (bridge.root / "current").symlink_to(f"releases/{RELEASE}")
    mounts = [("data", "/data", False), ("uploads", "/static/uploads", True), ("gone", "/config", True)]
    page = {
        "name": "page",
        "kind": "page",
        "folders": [{"host_path": str(bridge.data), "owner": {"uid": os.geteuid(), "gid": os.getegid()}}],
        "data": {
            "host_path": str(bridge.data),
            "items": [{"relpath": "webui.db"}, {"relpath": "vectors.db"}, {"relpath": "uploads"}],
        },
        "mounts": [
            {"host_path": str(bridge.folder / name), "container_path": inside, "read_only": read_only}
            for name, inside, read_only in mounts
        ],
    }
    (release / "deployment.json").write_text(json.dumps({"format": 1, "services": [page]}))
    with closing(sqlite3.connect(bridge.database)) as connection, connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table said (word text)")
        connection.execute("insert into said values ('first')")
    return bridge
