"""A host with a release that has a backup, a live database, and the real restic."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.backups import restore, snapshots, take
from deploy.agent.contract.backups import Backup, BackUpAnswer, BackupsAnswer, ModelStore, SharedFolders
from deploy.agent.contract.restores import RestoreAnswer
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.stack.secrets import secret_path
from tests.unit.agent.backups.quick import made_quick

RELEASE, KEY = "a" * 64, "a key"
QUIET = Journal("", "")


@dataclass
class Host:
    """A played host: the stack's root, a service's data, and a repository."""

    root: Path
    data: Path
    repository: Path
    keep: dict[str, int] = field(default_factory=lambda: {"last": 10})
    shared: list[SharedFolders] = field(default_factory=list)
    stores: list[ModelStore] = field(default_factory=list)

    @property
    def request(self) -> Any:
        return {"stack": "home", "root": str(self.root)}

    @property
    def database(self) -> Path:
        return self.data / "webui.db"

    def release(self) -> None:
        """Place a release with a backup, as an apply does."""
        folder = self.root / "releases" / RELEASE
        folder.mkdir(parents=True, exist_ok=True)
        items = [{"sqlite": "webui.db"}, {"tree": "uploads"}]
        backup: Backup = {
            "format": 1,
            "stack": "home",
            "repository": str(self.repository),
            "keep": self.keep,
            "data": [{"service": "page", "host_path": str(self.data), "items": items, "version": "1.0.0"}],
            "stores": self.stores,
            "shared": self.shared,
        }
        (folder / "backup.json").write_text(json.dumps(backup))
        (folder / "compose.yaml").write_text("services: {}\n")
        mounted = self.root / "files" / ("b" * 64)
        mounted.mkdir(parents=True, exist_ok=True)
        (mounted / "page.conf").write_text("port: 1\n")
        services = {"page": {"image": "kit/page:1", "files": {"page.conf": "b" * 64}}}
        manifest = {"format": 1, "kit": "0.1", "stack": "home", "files": [], "services": services}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        (self.root / "current").unlink(missing_ok=True)
        (self.root / "current").symlink_to(f"releases/{RELEASE}")

    def secret(self, service: str, name: str, value: str) -> None:
        path = secret_path(self.root, service, name)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(value)
        path.chmod(0o400)

    def lose_repository(self) -> None:
        """Be as before the first backup, which makes the repository."""
        shutil.rmtree(self.repository)

    def say(self, *words: str) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.executemany("insert into said values (?)", [(word,) for word in words])

    def back_up(self, **more: Any) -> BackUpAnswer:
        request: Any = {**self.request, **more}
        return take.run(request, QUIET)

    def listed(self, snapshot: str | None = None) -> BackupsAnswer:
        return snapshots.run(self.request | ({"snapshot": snapshot} if snapshot else {}), QUIET)

    def restic(self, *words: str, cwd: Path | None = None) -> str:
        """Run restic itself on the repository, as a person would; return its JSON."""
        key = str(secret_path(self.root, BACKUP_OWNER, BACKUP_KEY))
        argv = ["restic", "--no-cache", "--json", "-r", str(self.repository), "-p", key, *words]
        return subprocess.run(argv, check=True, capture_output=True, text=True, cwd=cwd).stdout

    def restored(self, snapshot: str, target: Path) -> Path:
        """Restore a snapshot with restic itself."""
        self.restic("restore", snapshot, "--target", str(target))
        return target


def said(database: Path) -> list[str]:
    """Return the rows of a database that passes its integrity check."""
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("pragma integrity_check").fetchone() == ("ok",)
        return [str(word) for (word,) in connection.execute("select word from said order by rowid")]


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that nothing was put into."""
    assert shutil.which("restic"), "these tests need restic: apt-get install restic"
    return made_quick(tmp_path_factory.mktemp("restic") / "repository", KEY)


@pytest.fixture
def host(tmp_path: Path, repository: Path) -> Host:
    """A host whose repository is there, and empty."""
    return host_in(tmp_path, repository)


def host_in(folder: Path, repository: Path) -> Host:
    """Make a host in a folder, with a copy of a repository."""
    host = Host(folder / "kit" / "home", folder / "srv" / "page", folder / "disk2" / "kit")
    (host.data / "uploads").mkdir(parents=True)
    (host.data / "uploads" / "letter.txt").write_text("dear")
    with closing(sqlite3.connect(host.database)) as connection, connection:
        connection.execute("pragma journal_mode=wal")
        connection.execute("create table said (word text)")
    host.say("first")
    host.release()
    host.secret(BACKUP_OWNER, BACKUP_KEY, KEY)
    shutil.copytree(repository, host.repository)
    host.secret("page", "token", "a token")
    return host


class Docker:
    """A Docker with a running page."""

    state = "running"

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": "page"}
        return [{"Id": "1", "Names": ["/page"], "Labels": labels, "State": self.state, "Created": 1}]


Restore = Callable[..., RestoreAnswer]


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Operations on the containers, in their order."""
    calls: list[str] = []
    monkeypatch.setattr(restore, "Docker", Docker)
    monkeypatch.setattr(restore, "stop_container", lambda _docker, _id: calls.append("stop"))
    monkeypatch.setattr(restore, "start", lambda request, _journal: calls.append(f"start {request['services'][0]}"))
    return calls


@pytest.fixture
def put_back(host: Host, calls: list[str]) -> Restore:
    assert calls == []

    def run(snapshot: str = "latest", **more: Any) -> RestoreAnswer:
        request: Any = {**host.request, "snapshot": snapshot, **more}
        return restore.run(request, QUIET)

    return run
