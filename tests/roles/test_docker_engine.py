from __future__ import annotations

import json

import pytest

from deploy.apply.engine import SETTINGS
from deploy.apply.process import PlaybookResult
from tests.e2e.lab.host import LabHost
from tests.roles.lab import ENGINE, Lab, converge

MARKER = "/opt/kit/docker_engine.json"
pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.usefixtures("first")]
every_host = pytest.mark.parametrize("name", ["bookworm-init", "bookworm-systemd", "trixie-systemd"])


def test_bare_hosts_are_converged_together_over_ssh(first: PlaybookResult) -> None:
    assert first.ok, first.failures
    assert first.changed > 0


@every_host
def test_a_bare_host_gets_an_engine_and_its_plugins(lab: Lab, name: str) -> None:
    host = lab[name]
    assert host.read("docker", "compose", "version", "--short").startswith("2.")
    assert host.read("docker", "buildx", "version")
    assert json.loads(host.read("cat", "/etc/docker/daemon.json")) == SETTINGS
    assert json.loads(host.read("docker", "info", "--format", "{{json .}}"))["LiveRestoreEnabled"] is True
    assert host.read("cat", MARKER)


@pytest.mark.parametrize("name", ["bookworm-init", "bookworm-systemd"])
def test_the_suite_that_lent_the_plugins_is_no_package_source(lab: Lab, name: str) -> None:
    host = lab[name]
    assert host.run("grep", "-r", "trixie", "/etc/apt", "/var/lib/apt/lists").stdout == ""
    assert "trixie" not in host.read("apt-cache", "policy")
    assert "kit" not in host.read("ls", "/tmp")


def test_an_engine_without_systemd_outlives_the_session_that_started_it(lab: Lab) -> None:
    host = lab["bookworm-init"]
    number = host.read("cat", "/var/run/docker.pid").strip()
    _, parent, _, session, terminal = host.read("cat", f"/proc/{number}/stat").rpartition(")")[2].split()[:5]
    assert (parent, terminal) == ("1", "0")
    assert host.run("test", "-d", f"/proc/{session}").returncode == 1, "its session has a leader that could end it"
    assert "API listen on" in host.read("cat", "/var/log/dockerd.log")


def test_a_second_run_changes_nothing(lab: Lab) -> None:
    second = converge(lab, ENGINE)
    assert second.ok, second.failures
    assert second.changed == 0


def test_each_engine_is_mended_or_left_as_its_owner_says(lab: Lab) -> None:
    dead, merged, foreign = (lab[name] for name in ("bookworm-init", "bookworm-systemd", "trixie-systemd"))
    dead.read("start-stop-daemon", "--stop", "--signal", "KILL", "--name", "dockerd", "--retry", "KILL/10")
    write(merged, "/etc/docker/daemon.json", json.dumps({"debug": True, "log-opts": {"labels": "a"}}))
    write(foreign, "/etc/docker/daemon.json", '{"debug": false}')
    foreign.read("mv", MARKER, "/root/marker")
    result = converge(lab, ENGINE)
    foreign.read("mv", "/root/marker", MARKER)
    assert result.ok, result.failures
    assert dead.read("docker", "version", "--format", "{{.Server.Version}}")
    assert json.loads(merged.read("cat", "/etc/docker/daemon.json")) == {
        **SETTINGS,
        "debug": True,
        "log-opts": {**SETTINGS["log-opts"], "labels": "a"},
    }
    assert foreign.read("cat", "/etc/docker/daemon.json") == '{"debug": false}'


def test_an_engine_that_is_too_old_is_told_with_need_and_have(lab: Lab) -> None:
    one = {"trixie-systemd": lab["trixie-systemd"]}
    (failure,) = converge(one, ENGINE, docker_engine_floors={"engine": "99.1", "compose": "2.26.1"}).failures
    assert failure.problem.startswith("Docker Engine is too old: need 99.1, have 2")
    assert "upgrade it" in failure.next_step


def test_a_mirror_that_does_not_answer_is_named_with_what_to_do(lab: Lab) -> None:
    host = lab["bookworm-systemd"]
    host.read("dpkg", "--remove", "docker-compose")
    (failure,) = converge({"box": host}, ENGINE, docker_engine_mirror="http://127.0.0.1:9/debian").failures
    assert "docker-compose" in failure.problem
    assert "127.0.0.1:9" in failure.problem
    assert "`mirrors.debian`" in failure.next_step


def write(host: LabHost, path: str, text: str) -> None:
    host.read("sh", "-c", 'printf %s "$2" >"$1"', "write", path, text)
