"""Failures that a host notices: each is told once, to a real address and a real program."""

from __future__ import annotations

import errno
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.backup_runs import moment
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.remembered import write_json
from deploy.agent.stack.backup_memory import now
from deploy.agent.watch import look, troubles

QUIET = Journal("", "")
Bodies = list[tuple[str, str]]


@pytest.fixture
def heard() -> Iterator[tuple[str, Bodies]]:
    """The address of a server, and the kind and body of each POST to it."""
    bodies: Bodies = []

    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            if self.path == "/moved":
                self.send_response(301)
                self.send_header("Location", "/kit")
            else:
                bodies.append((self.headers["Content-Type"].partition(";")[0], body))
                self.send_response(200)
            self.end_headers()

        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/kit", bodies
    server.shutdown()
    server.server_close()


class Docker:
    """A Docker with one container of the page, in a state of its own."""

    state, status = "running", "Up 2 hours (healthy)"

    def containers(self, _labels: Any = None) -> list[dict[str, Any]]:
        labels = {"kit.stack": "home", "kit.service": "page"}
        return [{"Id": "1", "Labels": labels, "State": self.state, "Status": self.status, "Created": 1}]


class Stack:
    """A released stack that calls somebody."""

    def __init__(self, root: Path) -> None:
        self.root, self.docker = root, Docker()
        self.decided: dict[str, Any] = {"services": [{"name": "page", "folders": [], "devices": []}]}
        (root / "current").mkdir(parents=True)
        (root / "run").mkdir()

    def calls(self, **wanted: Any) -> None:
        call = {"format": 1, "stack": "home", "url": None, "command": None, "body": "json", "ca": None, **wanted}
        (self.root / "current/on_failure.json").write_text(json.dumps(call))

    def look(self) -> list[str]:
        (self.root / "current/deployment.json").write_text(json.dumps(self.decided))
        answer = look.run({"format": 1, "stack": "home", "root": str(self.root), "run": "r"}, QUIET)
        return [trouble["problem"] for trouble in answer["told"]]


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stack:
    stack = Stack(tmp_path / "home")
    monkeypatch.setattr(troubles, "Docker", lambda: stack.docker)
    # The disk of the machine that runs the tests may be full.
    monkeypatch.setattr(troubles, "FULL_BYTES", 0)
    monkeypatch.setattr(look, "VOLATILE", tmp_path / "volatile")
    return stack


def test_a_dead_service_is_told_once_and_again_when_it_comes_back(stack: Stack, heard: tuple[str, Bodies]) -> None:
    address, bodies = heard
    stack.calls(url=address)
    assert stack.look() == []
    stack.docker.state = "exited"
    assert stack.look() == ["page does not run: exited"]
    assert stack.look() == []
    (kind, body), said = bodies[0], json.loads(bodies[0][1])
    assert kind == "application/json"
    assert said["text"].startswith("kit, stack home on ")
    assert said["text"].endswith(": page does not run: exited")
    assert (said["kind"], said["subject"], len(bodies)) == ("service", "page", 1)
    assert body.count("page does not run") == 2
    stack.docker.state, stack.docker.status = "running", "Up 1 minute (unhealthy)"
    assert stack.look() == []
    stack.docker.status = "Up 2 minutes (healthy)"
    assert stack.look() == []
    stack.docker.status = "Up 3 minutes (unhealthy)"
    assert stack.look() == ["page runs and is unhealthy"]


def test_a_service_that_a_person_stopped_is_no_failure(stack: Stack, heard: tuple[str, Bodies]) -> None:
    stack.calls(url=heard[0])
    stack.docker.state = "exited"
    (stack.root / "run/stopped.json").write_text('{"format": 1, "services": ["page"]}')
    assert stack.look() == []


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        ({"check": {"problems": ["pack 12 is broken"]}}, "the repository is broken: pack 12 is broken"),
        ({"drill": {"problem": "a row is missing"}}, "the last drill failed: a row is missing"),
    ],
)
def test_a_broken_repository_and_a_failed_drill_are_told(
    stack: Stack, heard: tuple[str, Bodies], seen: dict[str, dict[str, Any]], told: str
) -> None:
    stack.calls(url=heard[0])
    (stack.root / "current/backup.json").write_text('{"format": 1, "repository": "/mnt/disk2/kit"}')
    ended = now()
    good = {"started": ended, "ended": ended, "snapshot": "a"}
    # As a former kit left it: one run, without its trigger.
    memory = {"last": good, "good": good, **{kind: {"ended": ended, **found} for kind, found in seen.items()}}
    (stack.root / "backups.json").write_text(json.dumps(memory))
    assert stack.look() == [told]


def test_a_failed_an_interrupted_and_a_missed_backup_are_told(stack: Stack, heard: tuple[str, Bodies]) -> None:
    address, bodies = heard
    stack.calls(url=address, body="plain")
    (stack.root / "current/backup.json").write_text('{"format": 1, "repository": "/mnt/disk2/kit"}')
    young = moment(time.time() - 3600)
    good = {"started": young, "ended": young, "passed": young}
    full = {**good, "passed": moment(time.time() - 7200), "problem": "the disk is full"}

    def remembered(**runs: dict[str, str]) -> None:
        (stack.root / "backups.json").write_text(
            json.dumps({"last": {**good, "trigger": "watch"}, "good": good, "runs": runs})
        )

    remembered(daily=full, watch=good)
    assert stack.look() == ["the last daily backup failed: the disk is full"]
    assert bodies[0][0] == "text/plain"
    assert bodies[0][1].endswith(": the last daily backup failed: the disk is full")
    # Another failure of the same repository is told at once, too.
    remembered(daily=full, watch={"started": young})
    assert stack.look() == ["the last watch for changes was interrupted"]
    remembered(daily={**good, "passed": "2020-01-01T02:01:00Z"})
    (problem,) = stack.look()
    assert problem.startswith("the newest daily backup is ")


def test_a_full_disk_and_a_lost_card_are_told(
    stack: Stack, heard: tuple[str, Bodies], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.calls(url=heard[0])
    monkeypatch.setattr(troubles, "FULL_BYTES", 2**60)
    monkeypatch.setattr(troubles, "FULL_SHARE", 1.1)
    monkeypatch.setattr(troubles, "observe_cards", lambda: ([], None))
    devices: list[dict[str, Any]] = [{"driver": "nvidia", "vendor": "nvidia"}, {"nodes": str(tmp_path / "dri*")}]
    stack.decided["services"][0]["devices"] = devices
    told = stack.look()
    assert any(problem.startswith(f"the disk of {stack.root} has ") for problem in told)
    assert "the card of nvidia that page uses is gone" in told


@pytest.mark.parametrize(
    ("module", "problem", "told"), [("570", "GPU is lost", "GPU is lost"), (None, "", "not loaded")]
)
def test_a_driver_that_gives_no_card_any_more_is_told(
    stack: Stack,
    heard: tuple[str, Bodies],
    monkeypatch: pytest.MonkeyPatch,
    module: str | None,
    problem: str,
    told: str,
) -> None:
    stack.calls(url=heard[0])
    silent = {"module": module, "problem": problem}
    monkeypatch.setattr(troubles, "observe_cards", lambda: ([{"vendor": "nvidia"}], silent))
    stack.decided["services"][0]["devices"] = [{"driver": "nvidia", "vendor": "nvidia"}]
    (words,) = [line for line in stack.look() if "page" in line]
    assert words.startswith("NVIDIA's driver gives page no card: ")
    assert told in words


def test_a_program_gets_the_sentence_and_the_json_and_no_secret(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, out = tmp_path / "tell", tmp_path / "out"
    program.write_text(f'#!/bin/sh\n{{ cat; echo; echo "$KIT_MESSAGE"; env; }} >{out}\n')
    program.chmod(0o755)
    monkeypatch.setenv("A_SECRET", "hunter2")
    stack.calls(command=str(program))
    stack.docker.state = "exited"
    stack.look()
    document, sentence, *environment = out.read_text().splitlines()
    assert json.loads(document)["text"] == sentence
    assert "hunter2" not in "".join(environment)


def test_a_failure_that_nobody_took_is_told_at_the_next_look(stack: Stack, tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text("#!/bin/sh\nexit 1\n")
    program.chmod(0o755)
    stack.calls(command=str(program))
    stack.docker.state = "exited"
    with pytest.raises(AgentError, match="nobody was told that page does not run"):
        stack.look()
    program.write_text("#!/bin/sh\nexit 0\n")
    assert stack.look() == ["page does not run: exited"]


def test_an_address_that_leads_elsewhere_has_told_nobody(stack: Stack, heard: tuple[str, Bodies]) -> None:
    address, bodies = heard
    stack.calls(url=address.replace("/kit", "/moved"))
    stack.docker.state = "exited"
    with pytest.raises(AgentError, match="nobody was told that page does not run: exited: url: HTTP 301 "):
        stack.look()
    assert bodies == []


@pytest.mark.parametrize("broken", ["url", "command"])
def test_a_broken_way_neither_stops_the_other_one_nor_repeats_it(
    stack: Stack, heard: tuple[str, Bodies], tmp_path: Path, broken: str
) -> None:
    address, bodies = heard
    program, out = tmp_path / "tell", tmp_path / "out"
    program.write_text(f"#!/bin/sh\necho told >>{out}\n" + ("exit 3\n" if broken == "command" else ""))
    program.chmod(0o755)
    stack.calls(url=address if broken == "command" else address.replace("/kit", "/moved"), command=str(program))
    stack.docker.state = "exited"
    with pytest.raises(AgentError, match=f"somebody was told, and not by the {broken}: "):
        stack.look()
    assert stack.look() == []
    assert (out.read_text(), len(bodies)) == ("told\n", 1 if broken == "command" else 0)


def test_a_failure_is_told_once_also_while_the_disk_of_its_memory_is_full(
    stack: Stack, heard: tuple[str, Bodies], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stack.calls(url=heard[0])
    stack.docker.state = "exited"
    with full(stack.root, monkeypatch):
        assert stack.look() == ["page does not run: exited"]
        assert stack.look() == []
    assert not (stack.root / "run/told.json").exists()
    assert stack.look() == []
    assert (stack.root / "run/told.json").exists()
    assert list((tmp_path / "volatile").iterdir()) == []
    assert len(heard[1]) == 1


def test_a_failure_is_told_again_where_the_call_is_from_the_future(stack: Stack, heard: tuple[str, Bodies]) -> None:
    stack.calls(url=heard[0])
    stack.docker.state = "exited"
    stack.look()
    told = {"service page": time.time() + 7 * 24 * 3600}
    (stack.root / "run/told.json").write_text(json.dumps({"format": 1, "told": told}))
    assert stack.look() == ["page does not run: exited"]


@contextmanager
def full(disk: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Refuse each file on a disk."""

    def refuse(path: Path, document: dict[str, Any]) -> None:
        if disk in path.parents:
            raise OSError(errno.ENOSPC, "No space left on device", str(path))
        write_json(path, document)

    with monkeypatch.context() as patched:
        patched.setattr(look, "write_json", refuse)
        yield
