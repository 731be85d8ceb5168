from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.apply.ansible import HostRun, PlaybookRun, run_playbook
from deploy.apply.engine import SETTINGS, engine_variables
from deploy.apply.process import PlaybookResult
from deploy.apply.steps import Step
from deploy.deployment import Fetch
from tests.e2e.lab.host import LabHost, Process1, lab_host
from tests.tree import REPOSITORY

HOSTS: tuple[tuple[str, Process1], ...] = (("bookworm", "init"), ("bookworm", "systemd"), ("trixie", "systemd"))
pytestmark = [pytest.mark.docker, pytest.mark.network]


@pytest.fixture(scope="module", params=HOSTS, ids=lambda pair: "-".join(pair))
def host(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabHost]:
    suite, process_1 = request.param
    with lab_host(suite, process_1, tmp_path_factory.mktemp(suite)) as started:
        yield started


def converge(host: LabHost, **overrides: Any) -> PlaybookResult:
    variables = engine_variables(os_id="debian", codename=host.suite, systemd=host.has_systemd, fetch=Fetch())
    run = HostRun(
        name="lab",
        steps=(Step("docker_engine"),),
        agent="",
        variables={**variables, **overrides},
        connection="ssh",
        connection_variables=host.connection_variables,
    )
    return run_playbook(PlaybookRun((run,), REPOSITORY / "deploy/playbooks/site.yml", REPOSITORY / "roles"), print)


@pytest.fixture(scope="module")
def first(host: LabHost) -> PlaybookResult:
    return converge(host)


def test_a_bare_host_gets_an_engine_and_its_plugins(host: LabHost, first: PlaybookResult) -> None:
    assert first.ok, first.failures
    assert first.changed > 0
    assert host.read("docker", "compose", "version", "--short").startswith("2.")
    assert host.read("docker", "buildx", "version")
    assert json.loads(host.read("cat", "/etc/docker/daemon.json")) == SETTINGS
    assert json.loads(host.read("docker", "info", "--format", "{{json .}}"))["LiveRestoreEnabled"] is True
    assert host.run("test", "-f", "/opt/kit/docker_engine.json").returncode == 0


def test_a_second_run_changes_nothing(host: LabHost, first: PlaybookResult) -> None:
    second = converge(host)
    assert second.ok, second.failures
    assert second.changed == 0


def test_the_suite_that_lent_the_plugins_is_no_package_source(host: LabHost, first: PlaybookResult) -> None:
    if host.suite == "trixie":
        pytest.skip("trixie has the plugins itself")
    assert host.run("grep", "-r", "trixie", "/etc/apt", "/var/lib/apt/lists").stdout == ""
    assert "trixie" not in host.read("apt-cache", "policy")
    assert host.read("sh", "-c", "ls /tmp") == ""


def test_an_engine_without_systemd_runs_in_a_session_of_its_own_and_comes_back(
    host: LabHost, first: PlaybookResult
) -> None:
    if host.has_systemd:
        pytest.skip("systemd runs the engine here")
    number = host.read("cat", "/var/run/docker.pid").strip()
    _, parent, _, session, terminal = host.read("cat", f"/proc/{number}/stat").rpartition(")")[2].split()[:5]
    assert (parent, terminal) == ("1", "0")
    assert host.run("test", "-d", f"/proc/{session}").returncode == 1, "its session has a leader that could end it"
    assert "API listen on" in host.read("cat", "/var/log/dockerd.log")
    host.read("start-stop-daemon", "--stop", "--signal", "KILL", "--name", "dockerd", "--retry", "KILL/10")
    again = converge(host)
    assert again.ok, again.failures
    assert host.read("docker", "version", "--format", "{{.Server.Version}}")


def test_settings_of_others_stay_beside_kits_own(host: LabHost, first: PlaybookResult) -> None:
    write(host, "/etc/docker/daemon.json", json.dumps({"debug": True, "log-opts": {"labels": "a"}}))
    result = converge(host)
    assert result.ok, result.failures
    merged = json.loads(host.read("cat", "/etc/docker/daemon.json"))
    assert merged == {**SETTINGS, "debug": True, "log-opts": {**SETTINGS["log-opts"], "labels": "a"}}
    assert converge(host).changed == 0


def test_an_engine_of_somebody_else_is_left_alone(host: LabHost, first: PlaybookResult) -> None:
    before = '{"debug": false}'
    write(host, "/etc/docker/daemon.json", before)
    host.read("mv", "/opt/kit/docker_engine.json", "/root/marker")
    result = converge(host)
    host.read("mv", "/root/marker", "/opt/kit/docker_engine.json")
    assert result.ok, result.failures
    assert result.changed == 0
    assert host.read("cat", "/etc/docker/daemon.json") == before


def test_an_engine_that_is_too_old_is_told_with_need_and_have(host: LabHost, first: PlaybookResult) -> None:
    result = converge(host, docker_engine_floors={"engine": "99.1", "compose": "2.26.1"})
    (failure,) = result.failures
    assert failure.problem.startswith("Docker Engine is too old: need 99.1, have 2")
    assert "upgrade it" in failure.next_step


def write(host: LabHost, path: str, text: str) -> None:
    host.read("sh", "-c", 'printf %s "$2" >"$1"', "write", path, text)
