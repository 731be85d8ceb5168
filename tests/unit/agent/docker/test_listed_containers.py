"""The containers of a stack that a verb acts on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker import health
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack, with_trials
from deploy.agent.docker.health import restarts_before
from deploy.agent.journal import Journal
from deploy.agent.releases import running
from tests.unit.agent.docker.standin import ID, StandIn, served
from tests.unit.agent.releases.trying import TryingDocker, container


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TryingDocker:
    """A host with a trial that a killed run left."""
    played = TryingDocker(tmp_path)
    played.made["gate.trial"] = container("gate.trial", "left", "kit/gate:2")
    played.made["gate.trial"]["State"] |= {"Status": "exited", "ExitCode": 3}
    monkeypatch.setattr(running, "Docker", lambda: played)
    monkeypatch.setattr(running, "ensure_sound", lambda *_: None)
    for pause in ("GONE_SECONDS", "LOOK_SECONDS"):
        monkeypatch.setattr(health, pause, 0.0)
    return played


def asked(root: Path) -> Any:
    return {"stack": "home", "root": str(root)}


def test_a_trial_is_no_service_of_its_stack(docker: TryingDocker) -> None:
    listed = docker.containers({"kit.stack": "home"})
    assert list(of_stack(listed, "home")) == ["engine", "gate"]
    assert list(with_trials(listed, "home")) == ["engine", "gate", "gate.trial"]
    assert "gate.trial of left" not in restarts_before(docker, "home").restarts


def test_a_start_of_everything_starts_no_trial(docker: TryingDocker, tmp_path: Path) -> None:
    assert docker.made["gate.trial"]["State"]["Status"] == "exited"
    assert running.start(asked(tmp_path), Journal(str(tmp_path), "desk"))["services"] == []


def test_a_stop_of_everything_remembers_no_trial(docker: TryingDocker, tmp_path: Path) -> None:
    docker.made["gate.trial"]["State"]["Status"] = "running"
    assert running.stop(asked(tmp_path), Journal(str(tmp_path), "desk"))["services"] == ["gate", "engine"]
    assert running.stopped_services(tmp_path) == ["engine", "gate"]


def test_a_stop_ends_once_the_list_has_it(tmp_path: Path) -> None:
    with served(StandIn(), tmp_path / "s") as path:
        docker = Docker(path)
        docker.stop(ID)
        assert [listed["State"] for listed in docker.containers({"kit.stack": "t"})] == ["exited"]
