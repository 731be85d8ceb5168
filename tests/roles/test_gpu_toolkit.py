"""NVIDIA's container toolkit on bare hosts, from a small package source with stand-ins for its programs."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from deploy.agent.kit_folders import TOOLKITS
from deploy.apply.phases.phase import RoleStep
from deploy.apply.roles.process import PlaybookResult
from deploy.deployment.cards import TOOLKIT_PACKAGES, Toolkit
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.lock.toolkit import pin_toolkit
from deploy.plan.docker import SETTINGS
from deploy.plan.toolkit import toolkit_operations
from deploy.verify.cards import MISSING
from tests.e2e.lab.host import LabHost
from tests.roles.cards import NODES, block_of, bring_cards, container, gone, opens
from tests.roles.lab import Lab, converge, observed, put
from tests.roles.nvidia import LOG, Source, served
from tests.roles.test_docker_engine import own_address
from tests.unit.plan.test_nvidia import deployment
from tests.waiting import COSTLY_LOOK_SECONDS, wait_until

DAEMON_JSON = "/etc/docker/daemon.json"
OLD, NEW = "1.18.2-1", "1.20.0-1"
SMI = "00000000:01:00.0, NVIDIA GeForce RTX 4090, GPU-8f3c1b52-0f0e-5a3d-9b7a-2f1d9e0c4a11, 570.86.15, 24564, 8.9"
RUNTIME = {"nvidia": {"args": [], "path": "nvidia-container-runtime"}}
TOOLKIT = RoleStep("gpu_toolkit")
pytestmark = [pytest.mark.docker, pytest.mark.network, pytest.mark.usefixtures("first")]
every_host = pytest.mark.parametrize("name", ["bookworm-init", "bookworm-systemd", "trixie-systemd"])


@pytest.fixture(scope="module")
def source(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """A package source with two versions, and hosts whose driver's program says that they have a card."""
    for host in lab.values():
        host.read("mkdir", "-p", "/usr/lib/wsl/lib")
        put(host, "/usr/lib/wsl/lib/nvidia-smi", f"#!/bin/sh\necho '{SMI}'\n")
        host.read("chmod", "0755", "/usr/lib/wsl/lib/nvidia-smi")
    address = own_address(lab["bookworm-systemd"])
    kept = {name: host.read("cat", DAEMON_JSON) for name, host in lab.items()}
    for host in lab.values():
        # Other tests of these hosts leave settings of a person's there.
        put(host, DAEMON_JSON, json.dumps(SETTINGS))
    with served(tmp_path_factory.mktemp("nvidia"), address, OLD, NEW) as place:
        yield place
    for name, host in lab.items():
        put(host, DAEMON_JSON, kept[name])
        host.read("rm", "-r", "/usr/lib/wsl")
        host.read("dpkg", "--purge", *TOOLKIT_PACKAGES)


def wanted(source: Source, version: str, **engine: Any) -> Deployment:
    return replace(deployment(**engine), fetch=source.fetch, toolkit=source.toolkits[version])


def run(lab: Lab, source: Source, version: str = OLD, **overrides: Any) -> PlaybookResult:
    """Carry out what the plan decides for each host."""
    return converge(lab, TOOLKIT, deployment=wanted(source, version), **overrides)


def operations(host: LabHost, source: Source, version: str) -> list[str]:
    return [f"{each.action} {each.resource}" for each in toolkit_operations(wanted(source, version), observed(host))]


def versions(host: LabHost) -> dict[str, str]:
    seen: Observation = observed(host)
    return dict(seen.nvidia.packages) if seen.nvidia else {}


def test_the_lock_pins_the_newest_whole_version_with_its_key(source: Source) -> None:
    pinned = pin_toolkit(source.fetch)
    assert pinned.given == source.toolkits[NEW]


def test_bare_hosts_get_the_pinned_version_and_docker_its_runtime(lab: Lab, source: Source) -> None:
    for host in lab.values():
        settings = {**json.loads(host.read("cat", DAEMON_JSON)), "debug": True, "runtimes": {"mine": {"path": "runc"}}}
        put(host, DAEMON_JSON, json.dumps(settings))
    expected = ["install nvidia container toolkit", "set docker runtime nvidia"]
    assert [operations(host, source, OLD) for host in lab.values()] == [expected] * 3
    result = run(lab, source)
    assert result.failures == ()
    for host in lab.values():
        assert versions(host) == dict.fromkeys(TOOLKIT_PACKAGES, OLD)
        merged = json.loads(host.read("cat", DAEMON_JSON))
        assert merged["runtimes"] == {**RUNTIME, "mine": {"path": "runc"}}
        assert {key: merged[key] for key in (*SETTINGS, "debug")} == {**SETTINGS, "debug": True}
        assert "nvidia" in json.loads(host.read("docker", "info", "--format", "{{json .Runtimes}}"))
        assert json.loads(host.read("cat", f"{DAEMON_JSON}.kit-backup"))["runtimes"] == {"mine": {"path": "runc"}}
        assert f"runtime configure --runtime=docker --config={DAEMON_JSON}.kit-new" in host.read("cat", LOG)
        assert host.run("grep", "-r", source.fetch.nvidia, "/etc/apt", "/var/lib/apt/lists").stdout == ""


def test_a_second_run_has_nothing_to_do_and_restarts_nothing(lab: Lab, source: Source) -> None:
    assert [operations(host, source, OLD) for host in lab.values()] == [[], [], []]
    before = {name: host.read("cat", "/var/run/docker.pid") for name, host in lab.items()}
    assert sum(run(lab, source).changed_on.values()) == 0
    again = run(lab, source, gpu_toolkit_configures=True)
    assert (again.failures, sum(again.changed_on.values())) == ((), 0)
    assert {name: host.read("cat", "/var/run/docker.pid") for name, host in lab.items()} == before


def test_another_version_is_installed_and_the_former_one_comes_back_without_its_source(
    lab: Lab, source: Source
) -> None:
    one = {"trixie-systemd": lab["trixie-systemd"]}
    host = one["trixie-systemd"]
    assert operations(host, source, NEW) == ["install nvidia container toolkit"]
    assert run(one, source, NEW).failures == ()
    assert versions(host) == dict.fromkeys(TOOLKIT_PACKAGES, NEW)
    assert host.read("ls", str(TOOLKITS)).split() == [OLD, NEW]
    gone = replace(source, fetch=replace(source.fetch, nvidia="http://127.0.0.1:9"))
    assert run(one, gone, OLD).failures == ()
    assert versions(host) == dict.fromkeys(TOOLKIT_PACKAGES, OLD)


def test_packages_of_another_key_or_another_content_are_not_installed(lab: Lab, source: Source) -> None:
    host = lab["bookworm-systemd"]
    pinned = source.toolkits[NEW]
    packages = (replace(pinned.packages[0], sha256="0" * 64), *pinned.packages[1:])
    other: Toolkit = replace(pinned, packages=packages)
    (failure,) = run({"box": host}, replace(source, toolkits={NEW: other}), NEW).failures
    assert "have other contents than those in kit.lock" in failure.problem
    (failure,) = run({"box": host}, replace(source, toolkits={NEW: replace(pinned, key="bm8ga2V5")}), NEW).failures
    assert "could not be installed" in failure.problem
    assert versions(host) == dict.fromkeys(TOOLKIT_PACKAGES, OLD)


@every_host
def test_settings_that_docker_refuses_are_taken_back_and_containers_go_on(lab: Lab, source: Source, name: str) -> None:
    host = lab[name]
    settings = json.loads(host.read("cat", DAEMON_JSON))
    put(host, DAEMON_JSON, json.dumps({key: value for key, value in settings.items() if key != "runtimes"}))
    before = host.read("cat", DAEMON_JSON)
    put(host, "/root/break.json", '{"no-such-setting": 1}')
    (failure,) = run({name: host}, source, gpu_toolkit_configures=True).failures
    host.read("rm", "/root/break.json")
    assert host.read("cat", DAEMON_JSON) == before
    assert "Docker" in failure.problem
    assert host.read("docker", "version", "--format", "{{.Server.Version}}")
    assert sum(run({name: host}, source).changed_on.values()) == 1
    assert json.loads(host.read("cat", DAEMON_JSON))["runtimes"] == RUNTIME


def test_names_of_cdi_are_made_where_they_are_missing(lab: Lab, source: Source) -> None:
    host = lab["trixie-systemd"]
    result = run({"box": host}, source, gpu_toolkit_cdi="/var/run/cdi/nvidia.yaml")
    assert result.failures == ()
    seen = observed(host).nvidia
    assert seen is not None
    assert list(seen.cdi) == ["nvidia.com/gpu=0", "nvidia.com/gpu=all"]


@pytest.fixture(scope="module")
def devices(lab: Lab, source: Source) -> None:
    """Stand-ins for the driver's device files, and an image with a shell."""
    assert source.toolkits
    for host in lab.values():
        bring_cards(host)


@every_host
@pytest.mark.usefixtures("devices")
def test_named_device_files_stay_over_a_daemon_reload_and_a_restart_of_docker(
    lab: Lab, source: Source, name: str
) -> None:
    host, made = lab[name], wanted(source, OLD)
    limits = container(host, "up --detach", block_of(made))
    assert sorted(device["PathOnHost"] for device in limits["Devices"]) == sorted(NODES)
    (request,) = limits["DeviceRequests"]
    assert (request["Driver"], request["Count"], request["Capabilities"]) == ("nvidia", -1, [["gpu"]])
    assert opens(host, made) == 0
    assert "prestart" in host.read("cat", "/var/log/nvidia-hook.log")
    if host.has_systemd:
        put(host, "/etc/systemd/system/kit-probe.service", "[Service]\nExecStart=/bin/true\n")
        host.read("systemctl", "daemon-reload")
        host.read("systemctl", "start", "kit-probe.service")
        assert opens(host, made) == 0
        host.read("systemctl", "restart", "docker.service")
        wait_until(
            lambda: opens(host, made) == 0,
            "the container is back with its cards",
            saw=lambda: host.run("docker", "ps", "--all").stdout,
            pause=COSTLY_LOOK_SECONDS,
        )
    gone(host)


@every_host
@pytest.mark.usefixtures("devices")
def test_a_container_whose_device_file_is_gone_is_told_by_the_check(lab: Lab, source: Source, name: str) -> None:
    host, made = lab[name], wanted(source, OLD)
    without = {key: value for key, value in block_of(made).items() if key != "devices"}
    container(host, "up --detach", without)
    assert opens(host, made) == MISSING
    gone(host)


@every_host
@pytest.mark.usefixtures("devices")
def test_names_of_cdi_stand_in_the_containers_own_configuration(lab: Lab, name: str) -> None:
    host = lab[name]
    cards = {"driver": "cdi", "capabilities": ["gpu"], "device_ids": ["nvidia.com/gpu=all"]}
    limits = container(host, "create", {"deploy": {"resources": {"reservations": {"devices": [cards]}}}})
    (request,) = limits["DeviceRequests"]
    assert (request["Driver"], request["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=all"])
    # Both releases are older than 28.2: they keep the names, and know no card by them.
    answer = host.run("docker", "start", "cards-main-1")
    assert answer.returncode != 0
    assert "cdi" in answer.stderr.lower()
    gone(host)
