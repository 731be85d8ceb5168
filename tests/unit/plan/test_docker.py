"""Needs of a host's Docker are decided from the host's observation, once, for the plan and for the role."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.agent.docker.versions import is_older
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.docker import SETTINGS, DockerWork, docker_operations, docker_refusals, docker_work, merged

HOME = Deployment("home", (), ())
BOOKWORM = OperatingSystem("debian", "12", "bookworm", "http://deb.debian.org/debian")
RUNNING = Docker(server=True, version="20.10.24+dfsg1", compose="2.26.1-4", engine_path="/usr/sbin/dockerd")


def host(docker: Docker, system: OperatingSystem = BOOKWORM, **daemon_json: object) -> Observation:
    return Observation(docker=docker, os=system, systemd=True, root=True, daemon_json=daemon_json or None)


def own(live_restore: bool = True) -> Docker:
    return replace(RUNNING, kit_installed=True, live_restore=live_restore)


def test_a_bare_host_gets_an_engine_of_the_kits_own_with_its_settings() -> None:
    work = docker_work(HOME, host(Docker()))
    installed = DockerWork(True, installs_docker=True, installs_plugins=True, starts=True, settings=SETTINGS)
    assert work == replace(installed, mirror=BOOKWORM.debian_mirror)


def test_plugins_come_from_the_mirror_that_the_deployment_names_before_the_hosts_own() -> None:
    closed = replace(HOME, fetch=Fetch(debian="http://mirror.internal/debian"))
    assert docker_work(closed, host(Docker())).mirror == "http://mirror.internal/debian"
    assert docker_work(closed, host(RUNNING)).mirror is None


def test_a_daemon_json_that_was_there_before_the_engine_keeps_its_keys() -> None:
    assert docker_work(HOME, host(Docker(), debug=True)).settings == {"debug": True, **SETTINGS}


def test_somebody_elses_docker_is_started_and_nothing_else() -> None:
    stopped = Docker(engine_path="/usr/bin/dockerd", version="28.5.2", compose="2.40.3")
    assert docker_work(HOME, host(stopped, debug=True)) == DockerWork(starts=True)
    assert docker_work(HOME, host(RUNNING, debug=True)) == DockerWork()


def test_a_docker_that_nobody_may_look_at_is_left_alone() -> None:
    assert docker_work(HOME, host(Docker(is_denied=True))) == DockerWork()


def test_the_kits_own_engine_reads_its_settings_anew_until_it_has_taken_them_over() -> None:
    assert docker_work(HOME, host(own(), **SETTINGS)) == DockerWork(is_own=True)
    assert docker_work(HOME, host(own(live_restore=False), **SETTINGS)) == DockerWork(is_own=True, reloads=True)
    changed = docker_work(HOME, host(own(), **{**SETTINGS, "log-driver": "journald"}))
    assert (changed.settings, changed.reloads) == (SETTINGS, True)


def test_the_kits_own_engine_that_is_down_is_started_with_its_settings_and_not_reloaded() -> None:
    work = docker_work(HOME, host(Docker(kit_installed=True, engine_path="/usr/sbin/dockerd", compose="2.26.1")))
    assert work == DockerWork(is_own=True, starts=True, settings=SETTINGS)


@pytest.mark.parametrize(
    ("docker", "told"),
    [
        (replace(RUNNING, missing_limits=("memory",)), "limits no container's memory"),
        (replace(RUNNING, security=("name=seccomp,profile=unconfined",)), "seccomp profile is `unconfined`"),
        (replace(RUNNING, security=("name=apparmor", "name=userns")), "maps the users of containers"),
        (replace(RUNNING, security=("name=rootless", "name=cgroupns")), "runs without root"),
    ],
)
def test_an_engine_that_opens_or_breaks_every_container_is_refused_with_the_cure(docker: Docker, told: str) -> None:
    (found,) = docker_refusals(HOME, host(docker))
    assert told in found[0]
    assert found[1]


def test_options_for_every_network_are_refused_where_they_open_one() -> None:
    for key, value, number in (
        ("com.docker.network.bridge.gateway_mode_ipv4", "nat-unprotected", 1),
        ("com.docker.network.bridge.gateway_mode_ipv4", "nat", 0),
        ("com.docker.network.enable_ipv6", "true", 1),
        ("com.docker.network.driver.mtu", "1400", 0),
        ("com.docker.network.bridge.trusted_host_interfaces", "eth0", 1),
    ):
        settings = {"default-network-opts": {"bridge": {key: value}}}
        found = list(docker_refusals(HOME, replace(host(RUNNING), daemon_json=settings)))
        assert [key in problem for problem, _ in found] == [True] * number
    assert list(docker_refusals(HOME, replace(host(RUNNING), daemon_json={"default-network-opts": []}))) == []


def test_an_engine_with_the_usual_protections_is_not() -> None:
    usual = ("name=apparmor", "name=seccomp,profile=builtin", "name=cgroupns")
    assert list(docker_refusals(HOME, host(replace(RUNNING, security=usual)))) == []


def test_a_mark_whose_engine_was_removed_is_no_engine() -> None:
    assert docker_work(HOME, host(Docker(kit_installed=True))).installs_docker


def test_mappings_are_merged_and_everything_else_is_replaced() -> None:
    before = {"log-opts": {"tag": "{{.Name}}", "max-size": "1k"}, "dns": ["192.0.2.1"]}
    assert merged(before, {"log-opts": {"max-size": "10m"}, "dns": []}) == {
        "log-opts": {"tag": "{{.Name}}", "max-size": "10m"},
        "dns": [],
    }
    assert before["log-opts"] == {"tag": "{{.Name}}", "max-size": "1k"}


@pytest.mark.parametrize(
    ("client", "causes"),
    [
        (
            "/usr/local/bin/docker",
            ["not on host, /usr/local/bin/docker is only a client", "/usr/local/bin/docker has"],
        ),
        (None, ["not on host", "not on host"]),
    ],
)
def test_a_client_without_an_engine_or_without_compose_is_named(client: str | None, causes: list[str]) -> None:
    operations = docker_operations(HOME, host(Docker(client_path=client)))
    assert all(o.cause.startswith(cause) for o, cause in zip(operations, causes, strict=True))


def test_a_stopped_engine_that_is_too_old_is_refused_before_it_is_started() -> None:
    stopped = host(Docker(engine_path="/usr/bin/dockerd", version="19.03.8", compose="2.40.3"))
    ((problem, _),) = docker_refusals(HOME, stopped)
    assert problem == "Docker 19.03.8 is too old; the kit needs 20.10.24 or newer"


def test_a_release_without_compose_needs_a_mirror_to_lend_it() -> None:
    closed = OperatingSystem("debian", "12", "bookworm")
    ((problem, next_step),) = docker_refusals(HOME, host(Docker(), closed))
    assert "apt sources name no Debian mirror" in problem
    assert "mirrors" in next_step
    assert not list(
        docker_refusals(replace(HOME, fetch=Fetch(debian="http://mirror.internal/debian")), host(Docker(), closed))
    )


def test_a_broken_daemon_json_stands_in_the_way_of_an_engine_that_kit_installs_starts_or_owns() -> None:
    problem = "line 1, column 2: Expecting ':' delimiter"
    foreign = replace(RUNNING, daemon_json_problem=problem)
    for docker, refused in (
        (Docker(daemon_json_problem=problem), 1),
        (foreign, 0),
        (replace(own(), daemon_json_problem=problem), 1),
    ):
        refusals = [told for told, _ in docker_refusals(HOME, host(docker))]
        assert docker_work(HOME, host(docker)).settings is None
        assert refusals == ["/etc/docker/daemon.json, line 1, column 2: Expecting ':' delimiter"] * refused


@pytest.mark.parametrize(
    ("version", "floor", "older"),
    [
        ("20.10.24+dfsg1", "20.10.24", False),
        ("20.10.5", "20.10.24", True),
        ("v2.26.1-4", "2.26.1", False),
        ("2.26", "2.26.1", True),
        ("29", "20.10.24", False),
        ("library-import", "20.10.24", False),
    ],
)
def test_versions_are_compared_as_docker_writes_them(version: str, floor: str, older: bool) -> None:
    assert is_older(version, floor) is older
