"""User data moves completely or not at all, with its service stopped, and the old place is only read."""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.jobs import CopiedData
from deploy.agent.data import moving
from deploy.agent.data.copy import take_copy
from deploy.agent.data.moving import settle_places
from deploy.agent.data.places import go_back, left_places, places_path
from deploy.agent.data.put_back import finish_put_back
from deploy.agent.data.versions import data_versions
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.deployment.data_choices import Choice
from deploy.plan.place_questions import question_of
from tests.unit.agent.data.places import SERVICE, Host, chats_in, write_chats, write_model

OLD, NEW = "1" * 64, "2" * 64
QUIET = Journal("", "")


class OneContainer(Docker):
    """A Docker whose only container writes chats for as long as it runs."""

    def __init__(self, host: Host, stack: str = "home") -> None:
        super().__init__("/nowhere.sock")
        self.stack = stack
        self.host, self.calls = host, list[str]()
        self.state = "running"

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": self.stack, "kit.service": SERVICE}
        return [{"Id": "c1", "State": self.state, "Created": 1, "Labels": labels}]

    def container(self, name: str) -> dict[str, Any] | None:
        assert name == "c1"
        return {"Id": name, "Config": {"StopTimeout": 10}, "State": {"Running": self.state == "running"}}

    def stop(self, name: str, seconds: int = 30) -> None:
        assert (name, seconds) == ("c1", 10)
        # Its last words.
        write_chats(self.host.data, chats=1, at=3000)
        self.state = "exited"
        self.calls.append("stop")

    def start(self, name: str) -> None:
        assert name == "c1"
        self.state = "running"
        self.calls.append("start")


@pytest.fixture
def host(tmp_path: Path) -> Host:
    found = Host(tmp_path)
    write_chats(found.data, "of the kit", "ada", chats=2)
    with closing(sqlite3.connect(found.data / "webui.db")) as writer:
        writer.execute("pragma wal_autocheckpoint=0")
    (found.data / "uploads").mkdir()
    (found.data / "uploads" / "a letter.txt").write_text("dear")
    (found.data / "uploads" / "a letter.txt").chmod(0o640)
    (found.data / "notes of my own.txt").write_text("mine")
    (found.data / ".kit-aside-1").mkdir()
    found.release(OLD, found.data)
    found.release(NEW, new_place(found), current=False)
    found.accept()
    return found


def new_place(host: Host) -> Path:
    return host.folder / "bridge" / "data"


def settle(host: Host, docker: Docker, choice: Choice, path: Path | None = None) -> None:
    place = host.place(path or new_place(host))
    owner = {"uid": os.getuid(), "gid": os.getgid()}
    settled = {**place.request(), **owner, "from": str(host.data), "choice": choice}
    request: Any = {"root": str(host.root), "stack": "home"}
    services: Any = {SERVICE: {"action": "recreate", "place": settled}}
    settle_places(docker, host.root, request, services, QUIET)


def everything(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
        if not path.name.endswith(("-shm", "-wal"))
    }


def test_a_move_takes_what_was_written_until_the_service_stood_still(host: Host) -> None:
    docker = OneContainer(host)
    settle(host, docker, "move")
    new = new_place(host)
    assert docker.calls == ["stop"]
    assert chats_in(new) == 3 == chats_in(host.data)
    assert (new / "uploads" / "a letter.txt").read_text() == "dear"
    assert (new / "uploads" / "a letter.txt").stat().st_mode & 0o777 == 0o640
    assert (new / "notes of my own.txt").read_text() == "mine"
    assert not [path.name for path in new.iterdir() if path.name.startswith(".kit-")]
    assert question_of(host.place(new), host.seen(host.place(new))) is None
    assert left_places(host.root, [str(new)]) == [{"service": SERVICE, "path": str(host.data)}]


def test_a_move_takes_a_persons_own_files_beside_the_data_along(host: Host) -> None:
    new, owner = new_place(host), {"uid": os.getuid(), "gid": os.getgid()}
    for bridge in (host.data.parent, new.parent):
        (bridge / "config").mkdir(parents=True)
    (host.data.parent / "config" / "own.ini").write_text("of the person")
    shared = {"host_path": str(new.parent), "items": [{"tree": "config"}, {"tree": "static/uploads"}], **owner}
    told = {"from": str(host.data), "choice": "move", "is_import": False, "shared": shared}
    services: Any = {SERVICE: {"action": "recreate", "place": {**host.place(new).request(), **owner, **told}}}
    request: Any = {"root": str(host.root), "stack": "home"}
    settle_places(OneContainer(host), host.root, request, services, QUIET)
    for bridge in (host.data.parent, new.parent):
        assert (bridge / "config" / "own.ini").read_text() == "of the person"


def test_a_move_reads_the_old_place_and_nothing_else(host: Host) -> None:
    docker = OneContainer(host)
    docker.state = "exited"
    before = everything(host.data)
    settle(host, docker, "move")
    assert docker.calls == []
    assert everything(host.data) == before


def test_what_lay_in_the_new_place_is_laid_aside(host: Host) -> None:
    new = new_place(host)
    write_chats(new, "of another kit", chats=7)
    settle(host, OneContainer(host), "move")
    assert chats_in(new) == 3
    (aside,) = new.glob(".kit-aside-*")
    assert chats_in(aside) == 7


def test_data_of_another_name_is_copied_while_the_container_of_then_stands_still(host: Host) -> None:
    host.root.joinpath("data_versions.json").write_text('{"format": 1, "versions": {"open_webui": "0.9.0"}}')
    docker = OneContainer(host, stack="opt")
    house, new = host.folder / "house", new_place(host)
    owner = {"uid": os.getuid(), "gid": os.getgid()}
    told = {"from": str(host.data), "choice": "move", "stack": "opt", "takes_over": True}
    request: Any = {"root": str(house), "stack": "house"}
    services: Any = {SERVICE: {"action": "create", "place": {**host.place(new).request(), **owner, **told}}}
    settle_places(docker, house, request, services, QUIET)
    assert docker.calls == ["stop"]
    assert chats_in(new) == 3 == chats_in(host.data)
    assert data_versions(house) == {SERVICE: "0.9.0"}
    assert left_places(house, [str(new)]) == []


def test_a_copy_that_is_damaged_changes_nothing_and_the_service_runs_on(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    def damaging(request: CopiedData, folder: Path, journal: Journal) -> dict[str, Any]:
        manifest = take_copy(request, folder, journal)
        (folder / "data" / "uploads" / "a letter.txt").write_text("lost")
        return manifest

    monkeypatch.setattr(moving, "take_copy", damaging)
    docker = OneContainer(host)
    with pytest.raises(AgentError, match=r"a letter\.txt differs from its original after the copy"):
        settle(host, docker, "move")
    assert docker.calls == ["stop", "start"]
    assert list(new_place(host).iterdir()) == []
    assert question_of(host.place(new_place(host)), host.seen(host.place(new_place(host)))) is not None


def test_a_move_that_is_killed_while_it_is_renamed_in_is_finished(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    renamed = Path.rename
    count = 0

    def rename(self: Path, target: Path) -> Path:
        nonlocal count
        count += 1
        if count == 3:
            raise Killed
        return renamed(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", rename)
        with pytest.raises(Killed):
            settle(host, OneContainer(host), "move")
    finish_put_back(host.root, QUIET)
    assert chats_in(new_place(host)) == 3
    assert (new_place(host) / "uploads" / "a letter.txt").read_text() == "dear"


def test_what_begins_empty_leaves_the_old_place_and_remembers_it(host: Host) -> None:
    before = everything(host.data)
    settle(host, OneContainer(host), "fresh")
    assert everything(host.data) == before
    new = host.place(new_place(host))
    assert question_of(new, host.seen(new)) is None
    write_chats(new_place(host), "the kit's account here")
    assert question_of(new, host.seen(new)) is None
    host.accept(new)
    write_chats(host.data, chats=1)
    assert question_of(host.place(), host.seen()) is not None


def test_a_change_that_is_rolled_back_leads_to_the_old_place_again(host: Host) -> None:
    before = json.loads(places_path(host.root).read_text())
    settle(host, OneContainer(host), "move")
    write_chats(new_place(host), chats=4)
    assert go_back(host.root, OLD) == {SERVICE: str(new_place(host))}
    after = json.loads(places_path(host.root).read_text())
    assert after["places"] == before["places"]
    assert after["left"] == [{"service": SERVICE, "path": str(new_place(host))}]
    assert question_of(host.place(), host.seen()) is None
    assert go_back(host.root, OLD) == {}


def test_a_change_that_goes_back_to_a_release_of_the_new_place_stays_there(host: Host) -> None:
    settle(host, OneContainer(host), "fresh")
    assert go_back(host.root, NEW) == {}
    assert question_of(host.place(new_place(host)), host.seen(host.place(new_place(host)))) is None


def test_a_new_place_inside_the_old_one_does_not_copy_itself(host: Host) -> None:
    inside = host.data / "bridge" / "data"
    settle(host, OneContainer(host), "move", inside)
    assert chats_in(inside) == 3
    assert not (inside / "bridge").exists()


def test_models_of_an_engine_move_with_everything_in_their_folder(tmp_path: Path) -> None:
    host, old, new = Host(tmp_path), tmp_path / "models", tmp_path / "disk"
    write_model(old, "mine")
    (old / "blobs").mkdir()
    (old / "blobs" / "sha256-1").write_bytes(b"weights" * 1000)
    host.accept(host.models(old))
    place = host.models(new)
    owner = {"uid": os.getuid(), "gid": os.getgid()}
    settled = {**place.request(), **owner, "from": str(old), "choice": "move"}
    request: Any = {"root": str(host.root), "stack": "home"}
    services: Any = {"main": {"action": "recreate", "place": settled}}
    settle_places(OneContainer(host), host.root, request, services, QUIET)
    assert (new / "blobs" / "sha256-1").read_bytes() == b"weights" * 1000
    assert host.seen(place).now.words == "1 model"
    assert question_of(place, host.seen(place)) is None
