"""Docker runs a health check rarely; the agent runs the same check during a wait, and for a probe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.releases import Healthy
from deploy.agent.docker.api import Docker
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.health import Before, UnhealthyError, Wait
from deploy.agent.docker.health_checks import check_argv
from deploy.agent.journal import Journal
from tests.unit.agent.docker.standin import ID, StandIn, served


@pytest.fixture
def standin() -> StandIn:
    standin = StandIn()
    standin.check = {"Test": ["CMD", "true"], "Interval": 60 * 10**9, "Timeout": 5 * 10**9}
    return standin


@pytest.fixture
def docker(standin: StandIn, tmp_path: Path) -> Iterator[Docker]:
    with served(standin, tmp_path / "s") as path:
        yield Docker(path)


def wait(docker: Docker, root: Path, limit: float = 20.0) -> dict[str, Healthy]:
    return Wait(docker, root, "t", {"main": limit}, Before(time.time(), {})).until_healthy(Journal(str(root), ""))


def test_a_service_is_healthy_as_soon_as_its_check_passes_and_not_after_an_interval(
    docker: Docker, standin: StandIn, tmp_path: Path
) -> None:
    standin.check_codes = [1, 0]
    began = time.monotonic()
    assert wait(docker, tmp_path)["main"]["health"] == "healthy"
    assert time.monotonic() - began < 10
    assert standin.check_codes == []


def test_a_check_that_does_not_pass_is_asked_each_second_until_the_limit(
    docker: Docker, standin: StandIn, tmp_path: Path
) -> None:
    standin.check_codes = [1] * 9
    with pytest.raises(UnhealthyError, match=r"not within 2 s \(`health_timeout`\); it is starting"):
        wait(docker, tmp_path, 1.5)
    assert len(standin.check_codes) in (6, 7, 8)


@pytest.mark.parametrize(("code", "health"), [(0, "healthy"), (1, "starting")])
def test_a_probe_runs_the_check_of_one_that_starts(docker: Docker, standin: StandIn, code: int, health: str) -> None:
    standin.check_codes = [code]
    inspected = docker.container(ID)
    assert inspected is not None
    assert health_now(docker, inspected) == health


@pytest.mark.parametrize("known", ["healthy", "unhealthy"])
def test_what_docker_knows_stands(docker: Docker, standin: StandIn, known: str) -> None:
    standin.state["Health"]["Status"] = known
    inspected = docker.container(ID)
    assert inspected is not None
    assert health_now(docker, inspected) == known
    assert not any("exec" in one for one in standin.asked)


def test_each_form_of_a_check_is_a_command() -> None:
    assert check_argv({"Test": ["CMD", "a", "b"]}) == ["a", "b"]
    assert check_argv({"Test": ["CMD-SHELL", "a | b"]}) == ["/bin/sh", "-c", "a | b"]
    assert check_argv({"Test": ["NONE"]}) == check_argv({}) == []
