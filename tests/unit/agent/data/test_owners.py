"""A folder of the kit is given to another user with all its content, and back again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.places import Handover
from deploy.agent.data.owners import change_owners, owners_back, released_owners, secrets_back
from deploy.agent.docker.api import Docker
from deploy.agent.journal import Journal
from tests.unit.agent.data.places import SERVICE, Host

QUIET = Journal("", "")


class Chowned:
    """Owners as os.chown would set them, for a test that is not root."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.owners: dict[str, tuple[int, int]] = {}
        self.order: list[str] = []
        lstat = Path.lstat

        def chown(path: Path, uid: int, gid: int, *, follow_symlinks: bool = True) -> None:
            assert not follow_symlinks
            self.owners[str(path)] = (uid, gid)
            self.order.append(Path(path).name)

        def owned(path: Path) -> os.stat_result:
            status = list(lstat(path))
            status[4], status[5] = self.owners.get(str(path), (10103, 10103))
            return os.stat_result(status)

        monkeypatch.setattr(os, "chown", chown)
        monkeypatch.setattr(Path, "lstat", owned)


class Stopping(Docker):
    """A Docker whose container runs until it is stopped."""

    def __init__(self) -> None:
        super().__init__("/nowhere.sock")
        self.stopped: list[str] = []

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": SERVICE}
        return [{"Id": "c1", "State": "running", "Created": 1, "Labels": labels}]

    def container(self, name: str) -> dict[str, Any] | None:
        return {"Id": name, "Config": {}}

    def stop(self, name: str, seconds: int = 30) -> None:
        assert seconds
        self.stopped.append(name)


def test_everything_changes_hands_while_the_service_stands_still_and_goes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "uploads").mkdir(parents=True)
    (data / "uploads" / "letter.txt").write_text("dear")
    (data / "link").symlink_to("/etc/passwd")
    chowned, docker = Chowned(monkeypatch), Stopping()
    chowned.owners[str(data / "uploads" / "letter.txt")] = (0, 10103)
    change: Handover = {"path": str(data), "uid": 1000, "gid": 1001, "from_uid": 10103, "from_gid": 10103}
    services: Any = {SERVICE: {"owners": [change]}, "other": {}}
    change_owners(docker, "home", services, QUIET)
    assert docker.stopped == ["c1"]
    assert chowned.order[-1] == "data"
    assert chowned.owners == {
        str(data): (1000, 1001),
        str(data / "uploads"): (1000, 1001),
        # Of what is somebody else's only the part that was the service's.
        str(data / "uploads" / "letter.txt"): (0, 1001),
        str(data / "link"): (1000, 1001),
    }
    owners_back({SERVICE: [change]})
    assert chowned.owners[str(data)] == (10103, 10103)
    assert chowned.owners[str(data / "uploads" / "letter.txt")] == (0, 10103)


def test_a_folder_behind_a_link_changes_hands_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, disk = tmp_path / "data", tmp_path / "another disk"
    (disk / "uploads").mkdir(parents=True)
    data.symlink_to(disk)
    chowned = Chowned(monkeypatch)
    change: Handover = {"path": str(data), "uid": 1000, "gid": 1001, "from_uid": 10103, "from_gid": 10103}
    change_owners(Stopping(), "home", {SERVICE: {"action": "keep", "owners": [change]}}, QUIET)
    assert chowned.owners == {str(disk): (1000, 1001), str(disk / "uploads"): (1000, 1001)}


def test_secrets_go_back_to_the_user_of_the_release_that_runs_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, chowned = Host(tmp_path), Chowned(monkeypatch)
    host.release("a" * 64, host.data)
    key, password = ({"name": name, "owner": SERVICE} for name in ("key", "first_password"))
    reading = {"secrets": [{"secret": key}], "host_secrets": [password]}
    decided = {"services": [{"name": SERVICE, "owner": {"uid": 7, "gid": 8}, **reading}, {"name": "other"}]}
    (host.root / "current" / "deployment.json").write_text(json.dumps(decided))
    for name in (SERVICE, "other"):
        (host.root / "secrets" / name).mkdir(parents=True)
        (host.root / "secrets" / name / "key").write_text("sk-1")
    (host.root / "secrets" / SERVICE / "first_password").write_text("for a person, read by root")
    secrets_back(host.root, "a" * 64, [SERVICE, "other"])
    folder = host.root / "secrets" / SERVICE
    assert chowned.owners == {str(folder / "key"): (7, 8), str(folder / "first_password"): (os.geteuid(), os.getegid())}


def test_the_release_tells_whom_the_kit_gave_a_folder_to(tmp_path: Path) -> None:
    host = Host(tmp_path)
    assert released_owners(host.root) == {}
    host.release("a" * 64, host.data)
    assert released_owners(host.root) == {}
    decided = '{"services": [{"folders": [{"host_path": "/srv/x", "owner": {"uid": 7, "gid": 8}, "mode": "0700"}]}]}'
    (host.root / "current" / "deployment.json").write_text(decided)
    assert released_owners(host.root) == {"/srv/x": "7:8"}
