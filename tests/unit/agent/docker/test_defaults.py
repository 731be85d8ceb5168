"""Docker's defaults for a container, and outdated ones in an older container."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.daemon import daemon_settings
from deploy.agent.docker.defaults import host_defaults, injected_proxies, missing_limits, outdated_defaults

V2 = {"DefaultRuntime": "runc", "CgroupVersion": "2", "SwapLimit": True, "LoggingDriver": "json-file"}
LOG = {"max-size": "10m", "max-file": "3"}
MADE = {
    "CgroupnsMode": "private",
    "IpcMode": "private",
    "Runtime": "runc",
    "ShmSize": 64 * 2**20,
    "Memory": 2**30,
    "MemorySwap": 2**31,
    "LogConfig": {"Type": "json-file", "Config": LOG},
}


def outdated(daemon: dict[str, Any] | None = None, info: dict[str, Any] | None = None, **changes: Any) -> list[str]:
    container = {"HostConfig": {**MADE, **changes}}
    return outdated_defaults(container, host_defaults({**V2, **(info or {})}, daemon or {}))


def test_a_container_of_today_has_the_defaults_of_today() -> None:
    assert outdated() == []
    assert outdated(info={"CgroupVersion": "1"}, CgroupnsMode="host") == []
    # Docker before 20.10 knows no such key, and shows none.
    assert outdated(CgroupnsMode="") == []


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("CgroupnsMode", "host", "CgroupnsMode is host, not private"),
        ("IpcMode", "shareable", "IpcMode is shareable, not private"),
        ("Runtime", "nvidia", "Runtime is nvidia, not runc"),
        ("ShmSize", 2**27, f"ShmSize is {2**27}, not {2**26}"),
        ("MemorySwap", -1, f"MemorySwap is -1, not {2**31}"),
        (
            "LogConfig",
            {"Type": "json-file", "Config": {**LOG, "compress": "true"}},
            "its log has options that Docker no longer sets",
        ),
    ],
)
def test_what_docker_filled_in_under_another_kernel_or_other_settings_is_told(key: str, value: Any, told: str) -> None:
    assert outdated(**{key: value}) == [told]


@pytest.mark.parametrize(
    ("daemon", "changes"),
    [
        ({"default-cgroupns-mode": "host"}, {"CgroupnsMode": "host"}),
        ({"default-ipc-mode": "shareable"}, {"IpcMode": "shareable"}),
        ({"default-shm-size": "128M"}, {"ShmSize": 2**27}),
        ({"default-shm-size": "1g"}, {"ShmSize": 2**30}),
        ({"log-opts": {"compress": True}}, {"LogConfig": {"Type": "json-file", "Config": {**LOG, "compress": "True"}}}),
    ],
)
def test_a_default_of_the_hosts_own_is_right_before_and_after_docker_starts_with_it(
    daemon: dict[str, Any], changes: dict[str, Any]
) -> None:
    assert outdated(daemon, **changes) == outdated(daemon) == []


def test_a_kernel_that_counts_no_swap_is_no_difference() -> None:
    for swap in (-1, 0, 2**31):
        assert outdated(info={"SwapLimit": False}, MemorySwap=swap) == []


def test_the_runtime_is_the_one_that_docker_names() -> None:
    assert outdated(info={"DefaultRuntime": "runsc"}, Runtime="runsc") == []
    assert outdated(info={"DefaultRuntime": "runsc"}) == ["Runtime is runc, not runsc"]


def test_variables_of_a_proxy_are_found_in_either_case() -> None:
    lines = ["HTTP_PROXY=http://p:1", "no_proxy=x", "HOME=/tmp", "ALL_PROXY="]
    assert injected_proxies({"Config": {"Env": lines}}) == ["ALL_PROXY", "HTTP_PROXY", "no_proxy"]
    assert injected_proxies({"Config": {"Env": None}}) == []


def test_a_kernel_that_limits_nothing_is_told_and_a_docker_that_does_not_say_is_not() -> None:
    assert missing_limits({"MemoryLimit": False, "PidsLimit": False}) == ["memory", "processes"]
    assert missing_limits({"MemoryLimit": True}) == []


def settings_of(tmp_path: Path, document: dict[str, Any], *argv: str) -> dict[str, Any]:
    file, pid, proc = tmp_path / "daemon.json", tmp_path / "docker.pid", tmp_path / "proc"
    file.write_text(json.dumps(document))
    pid.write_text("7\n")
    (proc / "7").mkdir(parents=True, exist_ok=True)
    (proc / "7" / "cmdline").write_bytes("".join(f"{word}\0" for word in ("/usr/sbin/dockerd", *argv)).encode())
    return daemon_settings(file, pid, proc)


@pytest.mark.parametrize(
    ("argv", "settings"),
    [
        (["--default-shm-size=1g"], {"default-shm-size": "1g"}),
        (["--default-shm-size", "1g", "--live-restore"], {"default-shm-size": "1g"}),
        (["--log-opt", "tag=x", "--log-opt=labels=a"], {"log-opts": {"tag": "x", "labels": "a"}}),
        (["--log-driver", "journald"], {"log-driver": "journald"}),
        (
            ["--default-ulimit", "nofile=1024:2048", "--default-ulimit=core=0"],
            {
                "default-ulimits": {
                    "nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048},
                    "core": {"Name": "core", "Soft": 0, "Hard": 0},
                }
            },
        ),
        (["--default-cgroupns-mode=host", "--default-ipc-mode", "shareable"], None),
        (["-H", "fd://", "--containerd=/run/c.sock"], {}),
    ],
)
def test_options_of_the_engines_command_line_count_as_keys(
    tmp_path: Path, argv: list[str], settings: dict[str, Any] | None
) -> None:
    both = {"default-cgroupns-mode": "host", "default-ipc-mode": "shareable"}
    assert settings_of(tmp_path, {"debug": True}, *argv) == {"debug": True, **(both if settings is None else settings)}


def test_a_daemon_json_in_another_place_is_the_one_that_is_read(tmp_path: Path) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"default-shm-size": "2g"}')
    assert settings_of(tmp_path, {"debug": True}, "--config-file", str(other)) == {"default-shm-size": "2g"}


def test_settings_of_an_engine_that_does_not_run_are_those_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text('{"init": true}')
    assert daemon_settings(tmp_path / "daemon.json", tmp_path / "none", tmp_path) == {"init": True}
