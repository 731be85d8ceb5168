from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploy.agent.inputs.sources import host_mirror
from deploy.apply.phases.phase import RoleStep
from deploy.apply.roles.process import PlaybookResult
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.plan.docker import SETTINGS, docker_operations, docker_refusals
from tests.e2e.lab.host import LabHost
from tests.roles.lab import BASE, ENGINE, Lab, converge, observed, put
from tests.roles.places import mirror, proxy

HOME = Deployment("home", (), ())
MARKER = "/opt/kit/docker_engine.json"
DAEMON_JSON = "/etc/docker/daemon.json"
pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.usefixtures("first")]
every_host = pytest.mark.parametrize("name", ["bookworm-init", "bookworm-systemd", "trixie-systemd"])


def test_bare_hosts_are_converged_together_over_ssh(first: PlaybookResult) -> None:
    assert first.failures == ()
    assert sum(first.changed_on.values()) > 0


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


def test_a_second_run_has_nothing_to_do_and_changes_nothing(lab: Lab) -> None:
    assert [list(docker_operations(HOME, observed(host))) for host in lab.values()] == [[], [], []]
    second = converge(lab, *ENGINE)
    assert second.failures == ()
    assert sum(second.changed_on.values()) == 0


def test_each_engine_is_mended_or_left_as_its_owner_says(lab: Lab) -> None:
    dead, own, foreign = (lab[name] for name in ("bookworm-init", "bookworm-systemd", "trixie-systemd"))
    dead.read("start-stop-daemon", "--stop", "--signal", "KILL", "--name", "dockerd", "--retry", "KILL/10")
    by_hand = {"debug": True, "log-opts": {"tag": "{{.Name}}"}}
    put(own, DAEMON_JSON, json.dumps(by_hand))
    own.read("chmod", "0600", DAEMON_JSON)
    put(foreign, DAEMON_JSON, '{"debug": false}')
    foreign.read("mv", MARKER, "/root/marker")
    result = converge(lab, *ENGINE)
    foreign.read("mv", "/root/marker", MARKER)
    assert result.failures == ()
    assert dead.read("docker", "version", "--format", "{{.Server.Version}}")
    assert json.loads(own.read("cat", DAEMON_JSON)) == {
        **SETTINGS,
        **by_hand,
        "log-opts": {**SETTINGS["log-opts"], "tag": "{{.Name}}"},
    }
    assert own.read("stat", "--format", "%a", DAEMON_JSON) == "600\n"
    assert observed(own).docker.live_restore
    assert foreign.read("cat", DAEMON_JSON) == '{"debug": false}'


def test_an_engine_that_its_owner_stopped_is_started_and_nothing_is_installed(lab: Lab) -> None:
    host = lab["trixie-systemd"]
    before = host.read("dpkg-query", "--show"), host.read("cat", DAEMON_JSON)
    host.read("mv", MARKER, "/root/marker")
    host.read("systemctl", "disable", "--now", "docker.socket", "docker.service")
    try:
        (operation,) = docker_operations(HOME, observed(host))
        assert (operation.action, operation.resource) == ("start", "docker engine")
        assert operation.cause == "installed, not running"
        result = converge({"box": host}, *ENGINE)
        assert result.failures == ()
        assert observed(host).docker.server
    finally:
        host.read("mv", "/root/marker", MARKER)
    assert (host.read("dpkg-query", "--show"), host.read("cat", DAEMON_JSON)) == before


def test_a_broken_daemon_json_is_refused_with_its_place_before_anything_is_written(lab: Lab) -> None:
    host = lab["bookworm-systemd"]
    before = host.read("cat", DAEMON_JSON)
    put(host, DAEMON_JSON, '{"debug" true}')
    ((problem, next_step),) = docker_refusals(HOME, observed(host))
    put(host, DAEMON_JSON, before)
    assert problem == "/etc/docker/daemon.json, line 1, column 10: Expecting ':' delimiter"
    assert next_step.startswith("correct it")


def test_settings_that_the_engine_refuses_are_not_written(lab: Lab) -> None:
    host = lab["trixie-systemd"]
    before = host.read("cat", DAEMON_JSON)
    put(host, DAEMON_JSON, '{"no-such-setting": 1}')
    (failure,) = converge({"box": host}, *ENGINE).failures
    after = host.read("cat", DAEMON_JSON)
    put(host, DAEMON_JSON, before)
    assert after == '{"no-such-setting": 1}'
    assert "no-such-setting" in failure.problem
    assert "nothing was written" in failure.next_step


def test_an_engine_that_is_too_old_is_told_with_need_and_have(lab: Lab) -> None:
    one = {"trixie-systemd": lab["trixie-systemd"]}
    floors = {"docker": {**BASE, "floors": {"engine": "99.1", "compose": "2.26.1"}}}
    (failure,) = converge(one, *ENGINE, requests=floors).failures
    assert failure.problem.startswith("Docker Engine is too old: need 99.1, have 2")
    assert "upgrade it" in failure.next_step


def test_a_mirror_that_does_not_answer_is_named_with_what_to_do(lab: Lab) -> None:
    host = lab["bookworm-systemd"]
    host.read("dpkg", "--remove", "docker-compose")
    (failure,) = converge({"box": host}, *ENGINE, fetch=Fetch(debian="http://127.0.0.1:9/debian")).failures
    assert "docker-compose" in failure.problem
    assert "127.0.0.1:9" in failure.problem
    assert "`mirrors.debian`" in failure.next_step


def test_the_specs_proxy_goes_before_the_hosts_own_settings_of_apt(lab: Lab) -> None:
    host = lab["bookworm-systemd"]
    host.run("dpkg", "--remove", "docker-compose")
    put(host, "/etc/apt/apt.conf.d/99proxy", 'Acquire::http::Proxy "http://127.0.0.1:9";\n')
    with proxy(own_address(host)) as place:
        result = converge({"box": host}, *ENGINE, fetch=Fetch(proxy=place.address))
    host.read("rm", "/etc/apt/apt.conf.d/99proxy")
    assert result.failures == ()
    assert any("dists/trixie" in address for address in place.asked)
    assert any("docker-compose" in address for address in place.asked)


def test_the_specs_mirror_is_trusted_by_the_specs_authorities_alone(lab: Lab, tmp_path: Path) -> None:
    host = lab["bookworm-systemd"]
    host.run("dpkg", "--remove", "docker-compose")
    upstream = host_mirror("debian").rstrip("/").removesuffix("/debian")
    with mirror(own_address(host), upstream, tmp_path) as (place, authority):
        put(host, "/root/authority.pem", authority.read_bytes())
        named = f"{place.address}/debian"
        (failure,) = converge({"box": host}, *ENGINE, fetch=Fetch(debian=named)).failures
        result = converge({"box": host}, *ENGINE, fetch=Fetch(debian=named, ca="/root/authority.pem"))
        (missing,) = converge_packages(host, Fetch(debian=named, ca="/root/none.pem")).failures
        installed = converge_packages(host, Fetch(debian=named, ca="/root/authority.pem"))
    assert "certificate" in failure.problem.lower()
    assert result.failures == ()
    assert "ca: /root/none.pem is not a file on this host" in missing.problem
    assert installed.failures == ()
    assert "/debian/dists/bookworm/InRelease" in place.asked
    assert "/debian-security/dists/bookworm-security/InRelease" in place.asked
    assert host.run("grep", "-r", "--fixed-strings", place.address, "/etc/apt", "/var/lib/apt/lists").stdout == ""


def converge_packages(host: LabHost, fetch: Fetch) -> PlaybookResult:
    return converge({"box": host}, RoleStep("debian_packages"), fetch=fetch, debian_packages_names=["hello"])


def own_address(host: LabHost) -> str:
    """Return this machine's address as a lab host sees it."""
    return host.read("sh", "-c", "ip route show default | cut -d' ' -f3").strip()
