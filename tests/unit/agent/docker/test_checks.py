"""Docker runs a health check rarely; the agent runs the same check during a wait, and for a probe."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.agent.contract.releases import Healthy
from deploy.agent.docker import checks
from deploy.agent.docker.api import Docker
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.health import Before, UnhealthyError, Wait
from deploy.agent.docker.health_checks import asked_port, check_argv
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


@pytest.mark.parametrize(
    ("words", "port"),
    [
        (["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080; printf …"], 8080),
        (["python3", "-c", 'urllib.request.urlopen("http://127.0.0.1:4000/health/liveliness")'], 4000),
        (["curl", "-f", "http://localhost:8080/health"], 8080),
        (["ollama", "list"], None),
        (["curl", "http://127.0.0.11/"], None),
        (["test", "-e", "/ok"], None),
    ],
)
def test_the_port_that_a_check_asks_stands_in_its_command(words: list[str], port: int | None) -> None:
    assert asked_port(words) == port


@pytest.mark.parametrize(
    ("listens", "control_group", "is_asked"),
    [
        (False, f"0::/docker/{ID}\n", False),
        (True, f"0::/docker/{ID}\n", True),
        (False, "0::/docker/of-another-container\n", True),
        (False, None, True),
    ],
)
def test_a_check_of_a_port_on_which_nobody_listens_yet_is_not_started(
    docker: Docker,
    standin: StandIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    listens: bool,
    control_group: str | None,
    is_asked: bool,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, socket.create_server(("127.0.0.1", 0)) as own:
        asked = own.getsockname()[1]
        assert other.getsockname()[1] != asked
        if not listens:
            own.close()
        process = tmp_path / "proc" / "77"
        process.mkdir(parents=True)
        (process / "net").symlink_to("/proc/self/net")
        if control_group is not None:
            (process / "cgroup").write_text(control_group)
        monkeypatch.setattr(checks, "PROC", tmp_path / "proc")
        standin.check = {"Test": ["CMD", "curl", "-f", f"http://localhost:{asked}/health"], "Timeout": 5 * 10**9}
        standin.state["Pid"], standin.check_codes = 77, [0]
        inspected = docker.container(ID)
        assert inspected is not None
        assert health_now(docker, inspected) == ("healthy" if is_asked else "starting")
        assert any("exec" in one for one in standin.asked) == is_asked
