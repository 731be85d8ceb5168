"""The variables of docker_engine and of what fetches packages: decisions in the words of the roles."""

from __future__ import annotations

import json

from deploy.apply.roles.debian import apt_options, debian_variables
from deploy.apply.roles.docker import docker_variables
from deploy.apply.roles.images import image_tools_variables
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker, OperatingSystem
from deploy.plan.docker import SETTINGS

HOME = Deployment("home", (), ())
BOOKWORM = OperatingSystem("debian", "12", "bookworm", "http://deb.debian.org/debian/")
CLOSED = Fetch(
    debian="https://mirror.internal/debian",
    pypi="https://mirror.internal/simple",
    proxy="http://proxy:3128",
    ca="/etc/ca.pem",
)


def host(docker: Docker, system: OperatingSystem = BOOKWORM, **daemon_json: object) -> Observation:
    return Observation(docker=docker, os=system, systemd=True, root=True, daemon_json=daemon_json or None)


def test_bookworm_takes_its_plugins_from_the_suite_that_lends_them() -> None:
    variables = docker_variables(HOME, host(Docker()))
    assert variables["docker_engine_packages"] == ["apparmor", "docker.io"]
    assert variables["docker_engine_plugins"] == ["docker-buildx", "docker-compose"]
    assert variables["docker_engine_plugins_sources"] == ["http://deb.debian.org/debian trixie main"]
    assert variables["docker_engine_plugins_lent"] is True
    assert json.loads(variables["docker_engine_daemon_json"]) == SETTINGS
    assert json.loads(variables["docker_engine_mark"])["packages"] == [
        *("apparmor", "docker.io", "docker-buildx", "docker-compose")
    ]


def test_an_engine_that_only_has_to_be_started_gets_nothing_else_on_any_system() -> None:
    stopped = Docker(engine_path="/usr/bin/dockerd", version="28.5.2", compose="2.40.3")
    variables = docker_variables(HOME, host(stopped, OperatingSystem("fedora", "43", "")))
    assert variables["docker_engine_starts"] is True
    assert variables["docker_engine_reloads"] is False
    names = ("packages", "plugins", "mark", "daemon_json", "plugins_sources")
    values = {name.removeprefix("docker_engine_"): value for name, value in variables.items()}
    assert [name for name in names if values[name]] == []


def test_settings_are_looked_at_by_an_engine_that_can() -> None:
    old, new = (
        docker_variables(
            HOME, host(Docker(server=True, kit_installed=True, engine_path="/usr/sbin/dockerd", version=version))
        )["docker_engine_validate"]
        for version in ("20.10.24+dfsg1", "26.1.5+dfsg1")
    )
    assert (old, new) == ("", "/usr/sbin/dockerd --validate --config-file=%s")


def test_the_mode_of_a_daemon_json_that_is_there_stays() -> None:
    own = Docker(server=True, kit_installed=True, engine_path="/usr/sbin/dockerd", version="26.1.5")
    assert docker_variables(HOME, host(own, debug=True))["docker_engine_daemon_json_mode"] == ""
    assert docker_variables(HOME, host(own))["docker_engine_daemon_json_mode"] == "0644"


def test_a_mirror_of_debian_serves_debian_with_its_updates_and_nobody_else() -> None:
    assert debian_variables(BOOKWORM, CLOSED)["debian_packages_sources"] == [
        "https://mirror.internal/debian bookworm main",
        "https://mirror.internal/debian bookworm-updates main",
        "https://mirror.internal/debian-security bookworm-security main",
    ]
    assert debian_variables(OperatingSystem("ubuntu", "24.04", "noble"), CLOSED)["debian_packages_sources"] == []
    assert debian_variables(BOOKWORM, Fetch())["debian_packages_sources"] == []


def test_proxy_and_authorities_reach_apt_and_pip() -> None:
    options = apt_options(CLOSED)
    assert options[::2] == ["-o"] * (len(options) // 2)
    assert "Acquire::http::Proxy=http://proxy:3128" in options
    assert "Acquire::https::Proxy=http://proxy:3128" in options
    assert "Acquire::https::CAInfo=/etc/ca.pem" in options
    assert apt_options(Fetch()) == []
    assert image_tools_variables(CLOSED)["images_pip"] == {
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_INDEX_URL": "https://mirror.internal/simple",
        "PIP_PROXY": "http://proxy:3128",
        "PIP_CERT": "/etc/ca.pem",
    }
    assert list(image_tools_variables(Fetch())["images_pip"]) == ["PIP_DISABLE_PIP_VERSION_CHECK"]
