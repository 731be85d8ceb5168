"""A job: the host's scheduler runs one verb under the same hold as control nodes."""

from __future__ import annotations

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.contract.probe import ProbeRequest
from deploy.agent.contract.verbs import PROBE
from deploy.hosts.local import LocalTransport


@pytest.fixture
def transport(tmp_path: Path) -> LocalTransport:
    return LocalTransport(str(tmp_path / "agent"))


def run(transport: LocalTransport, root: Path, **more: Any) -> tuple[int, dict[str, Any]]:
    """Run a job as a unit's script does: its request comes from a file."""
    request = {"format": 1, "stack": "t-job", "root": str(root), "job": "tidy", "patience_seconds": 0.2}
    file = root.parent / "tidy.json"
    file.write_text(json.dumps({**request, "verb": "secrets", "request": {"secrets": []}, **more}))
    with file.open() as stream:
        argv = ["/usr/bin/python3", "-IS", transport.agent_path, "job"]
        done = subprocess.run(argv, stdin=stream, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, json.loads(done.stdout)


def test_a_job_runs_its_verb_under_the_hold_and_lets_go(transport: LocalTransport, tmp_path: Path) -> None:
    root = tmp_path / "t-job"
    assert run(transport, root) == (0, {"changed": False, "written": []})
    asked: ProbeRequest = {"stack": "t-job", "root": str(root), "ca": None}
    seen = transport.call(PROBE, asked)
    assert (seen["hold"], seen["interrupted"]) == (None, None)
    assert (root / "run/fired/tidy.json").exists()


def test_a_job_waits_for_a_run_and_gives_up(transport: LocalTransport, tmp_path: Path) -> None:
    root = tmp_path / "t-job"
    who: Any = {
        "stack": "t-job",
        "root": str(root),
        "run": "first",
        "user": "ada",
        "host": "desk",
        "command": "kit apply",
    }
    with transport.hold(who, lambda _line: None):
        status, answer = run(transport, root)
    assert status == 4
    assert answer["error"]["problem"].startswith("the host is held by ada on desk: kit apply")
    assert run(transport, root)[0] == 0


def test_a_verb_that_sees_to_the_hold_itself_is_a_job_like_others(transport: LocalTransport, tmp_path: Path) -> None:
    nobody = {"name": "main", "protocol": "ollama", "address": "http://127.0.0.1:9", "key": None, "models_dir": None}
    request = {"act": "remove", "model": "old", "engine": nobody, "ca": None, "mirrors": {}}
    status, answer = run(transport, tmp_path / "t-job", verb="engine", request=request)
    assert status == 1
    assert "refuses the connection" in answer["error"]["problem"]


def test_a_job_that_fails_has_come_to_its_end(transport: LocalTransport, tmp_path: Path) -> None:
    root = tmp_path / "t-job"
    status, answer = run(transport, root, verb="place", request={"release": "x", "files": [{"path": "../x"}]})
    assert status == 1
    assert "cannot hold the file" in answer["error"]["problem"]
    asked: ProbeRequest = {"stack": "t-job", "root": str(root), "ca": None}
    assert transport.call(PROBE, asked)["interrupted"] is None
    assert "has no verb" in run(transport, root, verb="nothing")[1]["error"]["problem"]


def test_a_job_that_the_host_fails_has_come_to_its_end_as_well(transport: LocalTransport, tmp_path: Path) -> None:
    root = tmp_path / "t-job"
    root.mkdir()
    (root / "files").write_text("in the way of a folder")
    sha256 = hashlib.sha256(b"x").hexdigest()
    file = {"path": f"files/{sha256}/x", "content": "x", "mode": "0444", "sha256": sha256}
    status, answer = run(transport, root, verb="place", request={"release": sha256, "files": [file]})
    assert status == 1
    assert str(root / "files") in answer["error"]["problem"]
    asked: ProbeRequest = {"stack": "t-job", "root": str(root), "ca": None}
    assert transport.call(PROBE, asked)["interrupted"] is None
