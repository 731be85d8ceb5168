"""The allow-list of a container's configuration, on what Docker 20.10 said of containers that were opened by hand."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.defaults import HostDefaults, host_defaults
from deploy.decide.compose import networks, service_block
from deploy.deployment.folders import Owner
from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.deployment.service import DeviceRequest, Service
from deploy.verify.docker.compared import differences
from deploy.verify.docker.flat import UNORDERED, request_words
from deploy.verify.docker.rendered import read_compose
from deploy.verify.docker.wanted import TRANSLATED, Made
from tests.golden.plans_of import CASES, desired_of

Document = dict[str, Any]
RECORDED, *OPENED = (
    json.loads(line) for line in Path(__file__).with_name("openings_of_docker_20.jsonl").read_text().splitlines()
)
OPENINGS: dict[str, Document] = {name: changes for one in OPENED for name, changes in one.items()}
HOST = HostDefaults("runc", is_cgroup_v1=True, limits_swap=True, daemon={})
# Of 132, those whose container is as it was: another one beside it is told by its number.
NUMBER = ("scale: 2", "deploy: replicas")


@pytest.fixture
def container() -> Document:
    return copy.deepcopy(RECORDED["base"])


def told(container: Document, host: HostDefaults = HOST, **block: Any) -> tuple[str, ...]:
    made = Made("kit-home", "base", {**RECORDED["block"], **block}, RECORDED["image"], host)
    return differences(made, container)


def test_a_container_that_nobody_touched_is_as_the_release_says(container: Document) -> None:
    assert told(container) == ()


def test_a_container_that_an_earlier_kit_had_asked_more_often_is_right(container: Document) -> None:
    rarer = {**RECORDED["block"]["healthcheck"], "interval": "60s", "retries": 3}
    assert told(container, healthcheck=rarer) == ()
    container["Config"]["Healthcheck"]["Interval"] *= 2
    assert len(told(container, healthcheck=rarer)) == 1


@pytest.mark.parametrize("name", sorted(set(OPENINGS) - set(NUMBER)))
def test_an_opened_container_is_told(container: Document, name: str) -> None:
    for key, value in OPENINGS[name].items():
        container[key] = {**container[key], **value} if isinstance(value, dict) else value
    found = told(container)
    assert found
    assert all("  " not in line and len(line) < 300 for line in found)


@pytest.mark.parametrize(
    ("part", "key"), [(part, key) for part in ("Config", "HostConfig") for key in sorted(RECORDED["base"][part])]
)
def test_no_key_that_docker_shows_is_left_out(container: Document, part: str, key: str) -> None:
    container[part][key] = SHAPES.get(key, {"Some": "thing"})
    assert told(container)


SHAPES: Document = {
    **{key: ["more"] for key in ("Binds", "MaskedPaths", "ReadonlyPaths", *UNORDERED)},
    "Env": ["MORE=1"],
    "PortBindings": {"1/tcp": [{"HostIp": "0.0.0.0", "HostPort": "1"}]},
    "Mounts": [{"Type": "bind", "Source": "/", "Target": "/more"}],
}
"""The fixed content of a key."""


@pytest.mark.parametrize("part", ["Config", "HostConfig"])
@pytest.mark.parametrize("value", [True, 1, "on", ["x"], {"x": "y"}])
def test_a_key_that_nobody_knows_is_told_where_it_says_something(container: Document, part: str, value: Any) -> None:
    container[part]["KeyOfTomorrow"] = value
    assert [line.split()[0] for line in told(container)] == [f"{part}.KeyOfTomorrow"]


@pytest.mark.parametrize("value", [None, False, 0, "", [], {}])
def test_a_key_of_a_newer_docker_that_says_nothing_is_no_difference(container: Document, value: Any) -> None:
    container["HostConfig"]["KeyOfTomorrow"] = value
    container["Config"]["KeyOfTomorrow"] = value
    assert told(container) == ()


def newer(container: Document) -> Document:
    """The same container as Docker 28 shows it, on cgroup v2."""
    for key in ("KernelMemory", "KernelMemoryTCP", "Capabilities"):
        container["HostConfig"].pop(key, None)
    container["HostConfig"] |= {"CgroupnsMode": "private", "OomKillDisable": None, "Annotations": None}
    container["HostConfig"]["MaskedPaths"] += ["/proc/interrupts", "/sys/devices/virtual/powercap"]
    container["HostConfig"]["BlkioWeightDevice"] = []
    for key in ("MacAddress", "OnBuild", "Domainname", "Volumes"):
        container["Config"].pop(key, None)
    container["ImageManifestDescriptor"] = {"digest": "sha256:1"}
    for network in container["NetworkSettings"]["Networks"].values():
        names = ["kit-home-base-1", "base", container["Id"][:12]]
        network |= {"Aliases": names[:2], "DNSNames": names, "GwPriority": 0, "MacAddress": "7a:c1:00:00:00:01"}
    return container


def test_the_same_container_of_a_newer_docker_is_right(container: Document) -> None:
    host = host_defaults({"DefaultRuntime": "runc", "CgroupVersion": "2", "SwapLimit": True}, {})
    assert told(newer(container), host) == ()
    assert told(container, HOST) == ("HostConfig.CgroupnsMode is private, not host",)


LIMIT = {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}


@pytest.mark.parametrize(
    ("daemon", "key", "value"),
    [
        ({"log-opts": {"compress": "true"}}, "LogConfig", {"compress": "true"}),
        ({"default-shm-size": "128M"}, "ShmSize", 128 * 2**20),
        ({"default-ipc-mode": "shareable"}, "IpcMode", "shareable"),
        ({"default-cgroupns-mode": "private"}, "CgroupnsMode", "private"),
        ({"default-ulimits": LIMIT}, "Ulimits", [{"Name": "nofile", "Hard": 2048, "Soft": 1024}]),
    ],
)
def test_a_default_that_the_host_has_of_its_own_is_right(
    container: Document, daemon: Document, key: str, value: Any
) -> None:
    limits = container["HostConfig"]
    if key == "LogConfig":
        limits[key]["Config"] |= value
    else:
        limits[key] = value
    assert told(container)
    assert told(container, HOST._replace(daemon=daemon)) == ()


@pytest.mark.parametrize(
    "daemon",
    [
        {"log-opts": {"compress": "true"}},
        {"default-shm-size": "128M"},
        {"default-ulimits": LIMIT},
        {"default-ipc-mode": "shareable"},
        {"default-cgroupns-mode": "private"},
        {"default-address-pools": [{"base": "10.9.0.0/16", "size": 24}], "init": True, "no-new-privileges": True},
    ],
)
def test_a_daemon_json_that_docker_has_not_read_yet_makes_no_container_wrong(
    container: Document, daemon: Document
) -> None:
    assert told(container, HOST._replace(daemon=daemon)) == ()


def test_a_network_a_volume_and_a_namespace_from_outside_are_told(container: Document) -> None:
    container["NetworkSettings"]["Networks"]["another_default"] = {"NetworkID": "1", "Aliases": []}
    container["Mounts"].append(
        {"Type": "volume", "Source": "/var/lib/docker/volumes/x", "Destination": "/x", "RW": True}
    )
    container["HostConfig"] |= {"PidMode": "container:1", "VolumesFrom": ["another"]}
    assert [line.partition(" ")[0] for line in told(container)] == [
        "HostConfig.PidMode",
        "HostConfig.VolumesFrom",
        "Mounts./x",
        "Networks.another_default",
    ]


def test_other_limits_than_the_engines_are_told(container: Document) -> None:
    container["HostConfig"]["Ulimits"] = [{"Name": "nofile", "Hard": 4096, "Soft": 1024}]
    assert told(container, HOST._replace(daemon={"default-ulimits": LIMIT}))


@pytest.mark.parametrize("driver", ["journald", "local"])
def test_a_daemons_options_for_another_kind_of_log_are_not_expected(container: Document, driver: str) -> None:
    # Docker gives its options only to a container whose log is of the daemon's own kind.
    daemon = {"log-driver": driver, "log-opts": {"tag": "{{.Name}}"}}
    assert told(container, HOST._replace(daemon=daemon)) == ()


def test_neither_variables_nor_commands_nor_labels_are_printed(container: Document) -> None:
    container["Config"]["Env"] += ["TOKEN=very-secret-value"]
    container["Config"]["Cmd"] = ["--key", "very-secret-value"]
    container["Config"]["Labels"]["more"] = "very-secret-value"
    found = "; ".join(told(container))
    assert "Config.Env.TOKEN is there, which the release does not say" in found
    assert "very-secret-value" not in found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_everything_that_the_kit_writes_is_compared(case: Path, tmp_path: Path) -> None:
    compose = next(one.content for one in desired_of(case / "kit.yaml", tmp_path).bundle.files if one.path == COMPOSE)
    written = {key for block in read_compose(compose)["services"].values() for key in block}
    assert written <= TRANSLATED
    assert set(read_compose(compose)["networks"]) <= set(networks())


COMPOSE = "compose.yaml"


ALL = DeviceRequest("nvidia", "nvidia", "")
CHOSEN = replace(ALL, device_ids=("GPU-1", "GPU-2"))
GIVEN: Document = {"Driver": "nvidia", "Count": -1, "DeviceIDs": None, "Capabilities": [["gpu"]], "Options": {}}
GIVEN_CHOSEN: Document = {**GIVEN, "Count": 0, "DeviceIDs": ["GPU-1", "GPU-2"]}


def reserving(*requests: DeviceRequest) -> Document:
    service = Service("base", "ollama", Image("kit/base:1", "pull", "1", 1), (), Owner(1, 1), devices=requests)
    block = service_block(Deployment("home", (service,), ()), service, ())
    return {"deploy": block["deploy"]} if requests else {}


@pytest.mark.parametrize(("request_", "given"), [(ALL, GIVEN), (CHOSEN, GIVEN_CHOSEN)])
def test_the_cards_that_a_release_asks_for_are_right_and_no_others(
    container: Document, request_: DeviceRequest, given: Document
) -> None:
    container["HostConfig"]["DeviceRequests"] = [given]
    assert told(container, **reserving(request_)) == ()
    (line,) = told(container)
    assert line.startswith("HostConfig.DeviceRequests is [{")
    assert line.endswith(", which the release does not say")
    (line,) = told(container, **reserving(replace(request_, device_ids=("GPU-3",))))
    assert line.startswith("HostConfig.DeviceRequests is ")
    assert request_words(given) == request_.words


def test_cards_that_a_container_did_not_get_are_told(container: Document) -> None:
    assert told(container, **reserving(ALL)) == ("HostConfig.DeviceRequests is missing",)


def test_what_else_a_compose_file_deploys_is_refused_and_not_left_out(container: Document) -> None:
    deploy = reserving(ALL)["deploy"] | {"replicas": 2}
    with pytest.raises(ValueError, match="beside reserved devices"):
        told(container, deploy=deploy)
