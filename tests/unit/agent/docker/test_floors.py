"""The operation `docker` checks that this host's Docker is new enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.agent.contract.releases import DockerAnswer, DockerRequest
from deploy.agent.docker import floors
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal


def asked(tmp_path: Path, engine: str, compose: str) -> DockerAnswer:
    request: DockerRequest = {
        "stack": "t",
        "root": str(tmp_path),
        "floors": {"engine": engine, "compose": compose},
    }
    return floors.run(request, Journal(str(tmp_path), ""))


@pytest.mark.docker
def test_a_docker_that_is_new_enough_tells_its_versions_and_one_that_is_not_what_to_do(tmp_path: Path) -> None:
    assert asked(tmp_path, "1.0", "2.0")["changed"] is False
    with pytest.raises(AgentError, match=r"^Docker Engine is too old: need 999.0, have \d") as told:
        asked(tmp_path, "999.0", "2.0")
    assert "upgrade it" in told.value.next_step
    with pytest.raises(AgentError, match=r"^Docker Compose is too old: need 999.0"):
        asked(tmp_path, "1.0", "999.0")


def test_an_engine_that_does_not_answer_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    with pytest.raises(AgentError, match="Docker does not run"):
        asked(tmp_path, "1.0", "2.0")
