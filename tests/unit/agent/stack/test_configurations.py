"""Changes in place by Docker's client are found by comparison with the verified configuration."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.stack.configurations import changed_configuration, remember_configurations

INSPECTED = {
    "Id": "a",
    "Name": "/kit-home-main-1",
    "Config": {"Image": "kit/x:1", "Hostname": "a", "Tty": False, "MacAddress": ""},
    "HostConfig": {"Memory": 2**30, "CpuShares": 0, "RestartPolicy": {"Name": "unless-stopped"}, "KernelMemory": 0},
    "NetworkSettings": {"Networks": {"inner": {"IPAddress": "10.0.0.2"}}},
}


@pytest.fixture
def container(tmp_path: Path) -> dict[str, Any]:
    remember_configurations(tmp_path, {"main": INSPECTED})
    return copy.deepcopy(INSPECTED)


def test_the_same_configuration_is_no_change_whatever_its_address(tmp_path: Path, container: dict[str, Any]) -> None:
    container["NetworkSettings"]["Networks"]["inner"]["IPAddress"] = "10.0.0.9"
    assert changed_configuration(tmp_path, container) == []


@pytest.mark.parametrize(
    ("part", "key", "value"),
    [
        ("HostConfig", "Memory", 2**34),
        ("HostConfig", "CpuShares", 2),
        ("HostConfig", "RestartPolicy", {"Name": "no"}),
        ("HostConfig", "Memory", 0),
        ("Config", "Tty", True),
    ],
)
def test_a_changed_key_is_named(tmp_path: Path, container: dict[str, Any], part: str, key: str, value: Any) -> None:
    container[part][key] = value
    assert changed_configuration(tmp_path, container) == [f"{part}.{key}"]


def test_a_name_and_a_network_are_part_of_it(tmp_path: Path, container: dict[str, Any]) -> None:
    container["Name"] = "/elsewhere"
    container["NetworkSettings"]["Networks"]["bridge"] = {}
    assert changed_configuration(tmp_path, container) == ["Name", "Networks"]


def test_limits_that_the_engine_has_for_all_are_nobodys_change(tmp_path: Path, container: dict[str, Any]) -> None:
    container["HostConfig"]["Ulimits"] = [{"Name": "nofile", "Hard": 64000, "Soft": 64000}]
    assert changed_configuration(tmp_path, container) == []


def test_a_newer_docker_that_knows_other_keys_changed_nothing(tmp_path: Path, container: dict[str, Any]) -> None:
    del container["HostConfig"]["KernelMemory"], container["Config"]["MacAddress"], container["Config"]["Hostname"]
    container["HostConfig"]["Annotations"] = None
    assert changed_configuration(tmp_path, container) == []


def test_a_changed_container_is_not_taken_for_right_by_the_next_verification(
    tmp_path: Path, container: dict[str, Any]
) -> None:
    container["HostConfig"]["Memory"] = 0
    remember_configurations(tmp_path, {"main": container})
    assert changed_configuration(tmp_path, container) == ["HostConfig.Memory"]


def test_of_another_container_nothing_is_said_and_of_one_that_is_gone_nothing_kept(
    tmp_path: Path, container: dict[str, Any]
) -> None:
    container |= {"Id": "b"}
    container["HostConfig"]["Memory"] = 0
    assert changed_configuration(tmp_path, container) == []
    remember_configurations(tmp_path, {"main": container})
    assert changed_configuration(tmp_path, INSPECTED | {"HostConfig": {"Memory": 5}}) == []


def test_no_value_is_kept(tmp_path: Path, container: dict[str, Any]) -> None:
    container["Id"] = "c"
    container["Config"]["Env"] = ["TOKEN=very-secret-value"]
    remember_configurations(tmp_path, {"main": container})
    assert "very-secret-value" not in (tmp_path / "run" / "configurations.json").read_text()
