"""Ubuntu 24.04 as a host, by stand-ins of what differs from Debian: its name, its packages, its mirrors, its keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.agent.inputs.sources import named_mirror
from deploy.apply.phases.packages import packages_for, with_keys
from deploy.apply.roles.debian import own_sources
from deploy.decide.desired import Share
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.observation.seen import OperatingSystem
from deploy.plan import make_plan
from deploy.plan.docker import packages_of
from tests.golden.hosts import bare, merged
from tests.golden.plans_of import PLANS, desired_of

NOBLE = OperatingSystem("ubuntu", "24.04", "noble")
SOURCES = """\
Types: deb
URIs: http://archive.ubuntu.com/ubuntu/
Suites: noble noble-updates noble-backports
Components: main universe restricted multiverse
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
"""
"""The apt sources of an installed Ubuntu 24.04."""
MIRROR = "https://mirror.example/debian"


@pytest.fixture
def share(tmp_path: Path) -> Share:
    return desired_of(PLANS / "settled" / "kit.yaml", tmp_path)


@pytest.fixture
def host(share: Share) -> Observation:
    """A fresh Ubuntu without Docker."""
    docker = {"server": False, "problem": "no socket", "client_path": None}
    return replace(read_observation(merged(bare(share), {"docker": docker})), os=NOBLE)


def refusals(share: Share, host: Observation) -> list[str]:
    return [problem for problem, _ in make_plan(share.deployment, share.bundle, host).refusals]


def test_its_own_packages_of_docker_and_compose_are_installed(share: Share, host: Observation) -> None:
    operations = make_plan(share.deployment, share.bundle, host).operations
    assert [each.resource for each in operations if each.action == "install"] == ["docker engine", "docker compose"]
    packages = packages_of(host)
    assert packages is not None
    assert (packages.docker, packages.plugins) == (("apparmor", "docker.io"), ("docker-buildx", "docker-compose-v2"))
    # Debian 12 has no Compose of its own, and takes it from a later release.
    assert packages.lender == ""


def test_its_apt_sources_name_no_mirror_of_debian(tmp_path: Path) -> None:
    (tmp_path / "sources.list.d").mkdir()
    (tmp_path / "sources.list.d" / "ubuntu.sources").write_text(SOURCES)
    assert named_mirror("debian", tmp_path) is None


def test_building_is_refused_before_anything_without_a_mirror_of_debian(share: Share, host: Observation) -> None:
    (problem,) = refusals(share, host)
    assert problem == (
        "images are built from Debian's packages, and no apt source of this machine names a Debian mirror"
    )
    fetch = replace(share.deployment.fetch, debian=MIRROR)
    assert refusals(replace(share, deployment=replace(share.deployment, fetch=fetch)), host) == []
    assert refusals(share, replace(host, os=replace(NOBLE, debian_mirror=MIRROR))) == []


def test_an_image_that_another_host_gives_needs_no_mirror(share: Share, host: Observation) -> None:
    received = {service.image.reference: "box" for service in share.deployment.services}
    assert make_plan(share.deployment, share.bundle, host, received=received).refusals == ()


def test_what_builds_brings_the_keys_of_debian_along(share: Share) -> None:
    packages = packages_for(share.deployment, assembles=True)
    assert with_keys(packages, NOBLE.id) == (*packages, "debian-archive-keyring")
    assert with_keys(packages, "debian") == packages
    assert with_keys((), NOBLE.id) == ()


def test_a_mirror_of_debian_is_none_for_its_own_packages(share: Share) -> None:
    assert own_sources(NOBLE, replace(share.deployment.fetch, debian=MIRROR)) == []
