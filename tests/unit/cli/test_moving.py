"""The move of a stack: the refusals before anything happens, and the order of what happens on both hosts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.verbs import Request, Verb
from deploy.decide.desired import load_desired
from deploy.errors import KitError
from deploy.verify.report import Check, Report
from tests.golden.hosts import merged, settled
from tests.unit.cli.conftest import Kit
from tests.unit.cli.fleet import BOX, HERE, Box, on_two_hosts

KEY = "a key of sixteen"


class Moving(Box):
    """A host that keeps the requests, and gives its repository away."""

    requests: list[tuple[str, Any]]

    def call(self, verb: Any, request: Any) -> Any:
        self.requests.append((verb, request))
        return super().call(verb, request)

    @contextmanager
    def receive(self, verb: Verb[Request, Iterator[bytes]], request: Request) -> Iterator[Iterator[bytes]]:
        self.requests.append((verb, request))
        yield iter([b"the repository"])

    def send(self, verb: Any, request: Any, opened: Any) -> Any:
        if verb == "take_repository":
            with opened(request["repository"], 0) as pieces:
                self.received.append(b"".join(pieces))
        return self.call(verb, request)

    def asked_with(self, verb: str) -> Any:
        """Return the only request of a verb."""
        (request,) = [request for asked, request in self.requests if asked == verb]
        return request


@pytest.fixture
def boxes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Moving]:
    """Two hosts with backups: the gateway is on `here`, and kit.yaml says that it belongs to `box`."""

    def checked(*_: object) -> Report:
        return Report((Check("main", "listens", "passed", 0.1),))

    monkeypatch.setattr("deploy.apply.run.run_checks", checked)
    on_two_hosts(tmp_path, monkeypatch)
    spec = tmp_path / "kit.yaml"
    spec.write_text(f"{spec.read_text()}backup: {{}}\n")
    desired = load_desired(spec)
    boxes = {host: Moving(host, desired) for host in (HERE, BOX)}
    monkeypatch.setattr("deploy.cli.verbs.hosts.reach", lambda ways: _hosts(boxes, ways))
    for box in boxes.values():
        box.requests = []
        units = {file.path: file.sha256 for file in box.share.bundle.files}
        box.answers |= _answers()
        backed_up = {"backups": {"has_restic": True}, "units": {"kit-home": units["units/kit-home.cron"]}}
        box.answers["probe"] = merged(settled(box.share), backed_up)
    return boxes


def _hosts(boxes: Mapping[str, Moving], ways: Any) -> Any:
    from deploy.hosts.reach import Hosts

    return Hosts({host: boxes[host] for host in ways})


def _answers() -> dict[str, Any]:
    taken = {"changed": True, "snapshot": "b" * 64, "repository": "/srv/kit-backups/home", "files": 3, "bytes": 2**20}
    restored = {"changed": True, "snapshot": "b" * 64, "taken": "2026-11-28T02:00:00Z", "parts": ["secrets"]}
    return {
        "back_up": taken,
        "restore": {**restored, "services": [], "aside": {}, "notes": []},
        "take_repository": {"changed": True, "repository": "/opt/kit/home/backup/brought"},
        "secret": {"value": KEY},
    }


def new(box: Moving) -> None:
    """Let a host be one that nothing was applied to."""
    box.answers["applied"] = {"stacks": [], "release": None, "deployment": None, "places": []}


def left(box: Moving, *services: str) -> None:
    """Let a host have a release with these services, and a backup."""
    service: dict[str, Any] = {
        "health_timeout_seconds": 60,
        "data": None,
        "folders": [],
        "secrets": [],
        "host_secrets": [],
    }
    released = {"format": 1, "stack": "home", "backup": {"repository": "/srv/kit-backups/home", "ssh": None}}
    document = {**released, "services": [{**service, "name": name} for name in services]}
    box.answers["applied"] = {"stacks": ["home"], "release": "a" * 64, "deployment": document, "places": []}


def key_file(folder: Path) -> str:
    path = folder / "backup.key"
    path.write_text(f"{KEY}\n")
    return str(path)


MOVE = ("backup", "restore", "latest", "--host", BOX)


def test_a_new_host_gets_its_key_its_release_the_data_and_a_first_backup(
    kit: Kit, boxes: Mapping[str, Moving], tmp_path: Path
) -> None:
    new(boxes[BOX])
    shown = kit(*MOVE, "--key", key_file(tmp_path), "--yes", "--json")
    assert shown.code == 0, shown.err
    assert shown.document["applied"] is True
    box = boxes[BOX]
    order = [verb for verb, _ in box.requests if verb in ("secrets", "restore", "back_up")]
    assert order[0] == "secrets"
    assert order[-2:] == ["restore", "back_up"]
    (secret,) = next(request for verb, request in box.requests if verb == "secrets")["secrets"]
    assert (secret["name"], secret["value"]) == ("backup_key", KEY)
    assert "other" not in box.asked_with("restore")
    assert box.asked_with("back_up")["takes_over"] is True
    assert boxes[HERE].asked == []


def test_another_repository_is_read_and_the_host_keeps_its_own(
    kit: Kit, boxes: Mapping[str, Moving], tmp_path: Path
) -> None:
    shown = kit(*MOVE, "--from", "/mnt/old", "--key", key_file(tmp_path))
    assert shown.code == 0, shown.err
    assert boxes[BOX].asked_with("restore")["other"] == {"repository": "/mnt/old", "key": KEY}
    assert "secrets" not in boxes[BOX].asked
    assert KEY not in shown.out + shown.err


def test_a_given_key_is_used_on_a_host_that_made_one_of_its_own_and_never_backed_up(
    kit: Kit, boxes: Mapping[str, Moving], tmp_path: Path
) -> None:
    left(boxes[BOX], "litellm")
    shown = kit(*MOVE, "--key", key_file(tmp_path))
    assert shown.code == 0, shown.err
    assert boxes[BOX].asked_with("restore")["other"] == {"repository": "/srv/kit-backups/home", "key": KEY}
    assert "secrets" not in boxes[BOX].asked


def test_a_stack_leaves_its_host_stopped_and_backed_up(kit: Kit, boxes: Mapping[str, Moving]) -> None:
    left(boxes[HERE], "litellm", "main")
    shown = kit(*MOVE, "--from", HERE, "--yes")
    assert shown.code == 0, shown.err
    verbs = [verb for verb, _ in boxes[HERE].requests if verb in ("stop", "back_up", "start")]
    assert verbs == ["stop", "back_up"]
    assert boxes[HERE].asked_with("stop")["services"] == ["litellm"], "the engine stays where kit.yaml has it"
    assert boxes[BOX].received == [b"the repository"]
    restore = boxes[BOX].asked_with("restore")
    assert restore["snapshot"] == "b" * 64
    assert restore["other"] == {"repository": "/opt/kit/home/backup/brought", "key": KEY}
    # One hold: whoever has the next one removes a repository that no restore came to.
    assert restore["run"] == boxes[BOX].asked_with("take_repository")["run"]
    assert f"{HERE} still has what moved, stopped" in shown.out


def test_a_move_that_fails_starts_what_it_stopped(kit: Kit, boxes: Mapping[str, Moving]) -> None:
    left(boxes[HERE], "litellm")
    boxes[BOX].answers["restore"] = KitError("the backup cannot be read", "see `kit backup list`")
    shown = kit(*MOVE, "--from", HERE, "--yes")
    assert shown.code == 1
    assert "the backup cannot be read" in shown.err
    assert boxes[HERE].asked_with("start")["services"] == ["litellm"]
    assert boxes[HERE].asked_with("start")["health_timeouts"] == {"litellm": 60.0}
    assert "back_up" not in boxes[BOX].asked


def test_a_repository_on_a_third_machine_is_sent_by_nobody(kit: Kit, boxes: Mapping[str, Moving]) -> None:
    left(boxes[HERE], "litellm")
    way = {"port": 22, "identity": "/root/id", "host_key": None}
    boxes[HERE].answers["applied"]["deployment"]["backup"]["ssh"] = way
    boxes[HERE].answers["back_up"] = {**boxes[HERE].answers["back_up"], "repository": "sftp:kit@nas:/k/here"}
    assert kit(*MOVE, "--from", HERE, "--yes").code == 0
    assert boxes[BOX].asked_with("restore")["other"] == {
        "repository": "sftp:kit@nas:/k/here",
        "key": KEY,
        "ssh": way,
    }
    assert "take_repository" not in boxes[BOX].asked


def test_a_first_backup_that_fails_says_that_the_stack_runs(
    kit: Kit, boxes: Mapping[str, Moving], tmp_path: Path
) -> None:
    boxes[BOX].answers["back_up"] = KitError("the disk is full", "free some space")
    shown = kit(*MOVE, "--from", "/mnt/old", "--key", key_file(tmp_path))
    assert shown.code == 1
    assert "restored secrets from the backup bbbbbbbb" in shown.err
    assert "box runs it, but could not back it up: the disk is full" in shown.err


REFUSED = {
    "two hosts": (("backup", "restore", "latest", "--from", "/mnt/old"), "a stack moves to one host"),
    "no such host": ((*MOVE, "--from", "desk"), "--from desk is no host of"),
    "onto itself": ((*MOVE, "--from", BOX), "is the host that the stack moves to"),
    "no key": ((*MOVE,), "nothing says which key opens /srv/kit-backups/home"),
    "no key of another": ((*MOVE, "--from", "/mnt/old"), "nothing says which key opens /mnt/old"),
    "no such file": ((*MOVE, "--from", "/mnt/old", "--key", "none.key"), "none.key cannot be read"),
    "beside --to": ((*MOVE, "--to", "/root/look", "--key", "none.key"), "--to goes with the host's own repository"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_move_that_cannot_be_is_refused_before_anything_happens(
    kit: Kit, boxes: Mapping[str, Moving], name: str
) -> None:
    new(boxes[BOX])
    words, problem = REFUSED[name]
    shown = kit(*words)
    assert shown.code in (1, 2)
    assert problem in shown.err
    assert not {verb for box in boxes.values() for verb, _ in box.requests} - {"applied"}


@pytest.mark.parametrize(
    ("services", "problem"),
    [(("main",), "kit.yaml leaves everything on here"), (None, "here has no release of home")],
)
def test_a_host_that_nothing_leaves_is_not_stopped(
    kit: Kit, boxes: Mapping[str, Moving], services: tuple[str, ...] | None, problem: str
) -> None:
    left(boxes[HERE], *services) if services else new(boxes[HERE])
    shown = kit(*MOVE, "--from", HERE)
    assert shown.code in (1, 2)
    assert problem in shown.err
    assert "stop" not in boxes[HERE].asked


def test_a_host_without_backups_has_nothing_to_give(kit: Kit, boxes: Mapping[str, Moving]) -> None:
    left(boxes[HERE], "litellm")
    boxes[HERE].answers["applied"]["deployment"]["backup"] = None
    shown = kit(*MOVE, "--from", HERE)
    assert "home on here has no backups, which a move is made of" in shown.err
    assert "stop" not in boxes[HERE].asked
