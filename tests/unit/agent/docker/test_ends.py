"""Reasons for the ends of a container that restarts before anybody looks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.containers import Trouble
from deploy.agent.docker.api import Docker
from deploy.agent.docker.ends import troubles
from deploy.agent.docker.health import Before, UnhealthyError, Wait
from deploy.agent.journal import Journal
from tests.unit.agent.docker.standin import ID, StandIn, served


@pytest.fixture
def standin() -> StandIn:
    return StandIn()


@pytest.fixture
def docker(standin: StandIn, tmp_path: Path) -> Iterator[Docker]:
    with served(standin, tmp_path / "s") as path:
        yield Docker(path)


def waited(docker: Docker, root: Path, restarts: int = 0) -> UnhealthyError:
    before = Before(time.time(), {ID: restarts})
    with pytest.raises(UnhealthyError) as raised:
        Wait(docker, root, "t", {"main": 20.0}, before).until_healthy(Journal(str(root), ""))
    return raised.value


@pytest.mark.parametrize("told", [True, False])
def test_a_container_short_of_memory_is_told_with_its_limit_though_it_always_seems_to_run(
    docker: Docker, standin: StandIn, tmp_path: Path, told: bool
) -> None:
    standin.died(137, out_of_memory=told).died(137, out_of_memory=told)
    words = waited(docker, tmp_path).problem
    assert "main did not get healthy: it ended 2 times, the last time with exit code 137: it " in words
    assert words.endswith("needs more than its memory limit of 16 MiB; raise `memory` of main in kit.yaml")
    assert ("probably" not in words) is told


@pytest.mark.parametrize(("code", "words"), [(3, "exit code 3"), (139, "exit code 139 (SIGSEGV)"), (0, "exit code 0")])
def test_another_exit_code_is_told_with_the_last_lines(
    docker: Docker, standin: StandIn, tmp_path: Path, code: int, words: str
) -> None:
    standin.died(code).died(code)
    failure = waited(docker, tmp_path)
    assert failure.problem.endswith(f"the last time with {words}")
    assert failure.with_log().problem.endswith(f"{words}\n  no such model")


def test_a_count_that_a_start_by_hand_set_back_hides_no_end(docker: Docker, standin: StandIn, tmp_path: Path) -> None:
    standin.died(1).died(1)
    assert "ended 2 times" in waited(docker, tmp_path, restarts=7).problem


def test_ends_from_before_the_wait_are_not_asked_for(docker: Docker, standin: StandIn, tmp_path: Path) -> None:
    moment = time.time()
    standin.died(1).died(1)
    waited(docker, tmp_path)
    since = float(next(one for one in standin.asked if one.startswith("/events")).split("since=")[1].split("&")[0])
    assert moment - 1e-5 <= since <= time.time()


def test_a_healthy_container_is_not_asked_about(docker: Docker, standin: StandIn, tmp_path: Path) -> None:
    standin.state["Health"]["Status"] = "healthy"
    healthy = Wait(docker, tmp_path, "t", {"main": 20.0}, Before(time.time(), {})).until_healthy(
        Journal(str(tmp_path), "")
    )
    assert list(healthy) == ["main"]
    assert not any(one.startswith("/events") for one in standin.asked)


def looked(docker: Docker, root: Path) -> Trouble:
    inspected = docker.container(ID)
    assert inspected is not None
    return troubles(docker, root, "t", {"main": inspected}).get("main", {})


def test_a_probe_tells_why_a_container_does_not_stay_up(docker: Docker, standin: StandIn, tmp_path: Path) -> None:
    standin.died(1).died(1).died(3)
    assert looked(docker, tmp_path) == {"trouble": "keeps ending, with exit code 3", "log": ["no such model"]}


def test_a_probe_tells_the_memory_limit_without_a_log(docker: Docker, standin: StandIn, tmp_path: Path) -> None:
    standin.died(137, out_of_memory=True).died(137, out_of_memory=True)
    found = looked(docker, tmp_path)
    assert "memory limit of 16 MiB; raise `memory` of main" in str(found["trouble"])
    assert found["log"] == []


@pytest.mark.parametrize("health", ["healthy", "starting", "unhealthy"])
def test_a_probe_says_nothing_of_what_ended_long_ago(
    docker: Docker, standin: StandIn, tmp_path: Path, health: str
) -> None:
    standin.died(1).died(1).ends.clear()
    standin.state["Health"]["Status"] = health
    assert looked(docker, tmp_path) == {}


def test_a_container_between_two_starts_is_told_by_its_own_code(
    docker: Docker, standin: StandIn, tmp_path: Path
) -> None:
    standin.died(1).died(1).ends.clear()
    standin.state |= {"Status": "restarting", "ExitCode": 2}
    assert looked(docker, tmp_path)["trouble"] == "keeps ending, with exit code 2"
