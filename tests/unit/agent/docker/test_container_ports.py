"""Ports of containers, from Docker's list and from the kernel's table of a container's own network."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest

from deploy.agent.docker.api import Docker
from deploy.agent.docker.container_ports import container_ports


@pytest.fixture
def ports() -> Iterator[tuple[int, int]]:
    """Two ports on which this process listens: one for everybody, and one for itself."""
    with socket.create_server(("0.0.0.0", 0)) as everybodys, socket.create_server(("127.0.0.1", 0)) as own:
        yield everybodys.getsockname()[1], own.getsockname()[1]


class Listed(Docker):
    """A Docker with containers that share the network of this process, except the one that ended."""

    def containers(self, labels: dict[str, str] | None = None) -> list[dict[str, Any]]:
        assert labels is None
        published = {"IP": "0.0.0.0", "PrivatePort": 8100, "PublicPort": 11434, "Type": "tcp"}
        return [
            {"Id": "edge", "Labels": {"kit.stack": "home"}, "Ports": [published, {"PrivatePort": 80, "Type": "tcp"}]},
            {"Id": "ended", "Labels": {"kit.stack": "home"}, "Ports": None},
            {"Id": "gone", "Labels": {"kit.stack": "home"}, "Ports": []},
            {"Id": "page", "Labels": None, "Ports": [{"PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}]},
        ]

    def container(self, name: str) -> dict[str, Any] | None:
        return None if name == "gone" else {"State": {"Pid": {"edge": os.getpid(), "ended": 0}[name]}}


def test_a_stacks_containers_are_looked_into_and_others_only_have_published_ports(ports: tuple[int, int]) -> None:
    everybodys, own = ports
    seen = container_ports(Listed(), "home")
    assert everybodys in seen["inner"]
    assert own not in seen["inner"]
    assert (seen["published"], seen["foreign"]) == ({"0.0.0.0": [11434]}, [8080])


def test_processes_of_another_machine_tell_no_ports(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr("deploy.agent.docker.container_ports.PROCESSES", tmp_path)
    assert container_ports(Listed(), "home")["inner"] == []
