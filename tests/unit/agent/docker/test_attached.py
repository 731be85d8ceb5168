"""Containers from outside are told with each way in which they reach into a stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.api import Docker
from deploy.agent.docker.attached import attached

ROOT = Path("/opt/kit/home")
MAIN = "a1" * 32
OWN = {"Id": MAIN, "Names": ["/kit-home-main-1"], "Labels": {"kit.stack": "home", "kit.service": "main"}}
FOREIGN = "b2" * 32


class Scripted(Docker):
    """A Docker with one stack's networks and one foreign container's settings."""

    def __init__(self, settings: dict[str, Any]) -> None:
        super().__init__("/nowhere")
        self.settings = settings

    def networks(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        assert labels == {"com.docker.compose.project": "kit-home"}
        return [{"Name": "kit-home_inner"}, {"Name": "kit-home_published"}]

    def container(self, name: str) -> dict[str, Any] | None:
        assert name == FOREIGN
        return {"Id": name, "HostConfig": self.settings}


def on(*networks: str) -> dict[str, Any]:
    """The part of a listed container about these networks."""
    return {"NetworkSettings": {"Networks": {name: {"NetworkID": "1"} for name in networks}}}


def ways(
    listed: dict[str, Any], settings: dict[str, Any] | None = None, *, inspect: bool = True
) -> list[tuple[str, str]]:
    """Return the ways in of one foreign container that Docker lists and describes so."""
    foreign = {"Id": FOREIGN, "Names": ["/spy"], "Labels": {"kit.stack": "another"}, **listed}
    found = attached(Scripted(settings or {}), [OWN | on("kit-home_inner"), foreign], "home", ROOT, inspect=inspect)
    assert {way["container"] for way in found} <= {"spy"}
    return [(way["way"], way["into"]) for way in found]


@pytest.mark.parametrize("state", ["running", "exited"])
def test_a_container_on_a_network_of_the_stack_is_told(state: str) -> None:
    listed = {"State": state, **on("bridge", "kit-home_inner", "kit-home_published", "kit-home-2_inner")}
    assert ways(listed) == [("joins", "kit-home_inner"), ("joins", "kit-home_published")]
    assert ways(listed, inspect=False) == ways(listed)


@pytest.mark.parametrize("word", [MAIN, MAIN[:12], "kit-home-main-1"])
@pytest.mark.parametrize(
    ("key", "way"),
    [("NetworkMode", "shares_network"), ("PidMode", "shares_processes"), ("IpcMode", "shares_memory")],
)
def test_a_container_in_a_namespace_of_the_stack_is_told(key: str, way: str, word: str) -> None:
    settings = {key: f"container:{word}"}
    assert ways({}, settings) == [(way, "kit-home-main-1")]
    assert ways({}, {key: "container:" + "c3" * 32}) == []


def test_a_shared_network_is_told_without_an_inspection() -> None:
    listed = {"HostConfig": {"NetworkMode": f"container:{MAIN}"}}
    assert ways(listed, inspect=False) == [("shares_network", "kit-home-main-1")]


def test_a_container_with_the_volumes_of_the_stacks_is_told() -> None:
    assert ways({}, {"VolumesFrom": [f"{MAIN[:12]}:ro", "other"]}) == [("takes_volumes", "kit-home-main-1")]


def test_a_container_that_mounts_files_of_the_stack_is_told() -> None:
    sources = ["/opt/kit/home/secrets/main", "/opt/kit/home", "/opt/kit/homely", "/opt/kit", "/srv/kit/home/main"]
    mounts = [*({"Type": "bind", "Source": source} for source in sources), {"Type": "tmpfs"}]
    found = [("mounts", "/opt/kit/home"), ("mounts", "/opt/kit/home/secrets/main")]
    # Folders of data are a person's to mount, and so is the whole disk.
    assert ways({"Mounts": mounts}) == found


@pytest.mark.parametrize(
    "settings", [{}, {"NetworkMode": "host", "PidMode": "host", "IpcMode": "shareable", "VolumesFrom": None}]
)
def test_a_container_of_its_own_is_not_told(settings: dict[str, Any]) -> None:
    assert ways(on("bridge"), settings) == []
    assert ways({"Names": None, "Labels": None}, settings) == []


def test_a_host_with_the_stack_alone_is_asked_no_more() -> None:
    assert attached(Docker("/nowhere"), [OWN], "home", ROOT, inspect=True) == []
