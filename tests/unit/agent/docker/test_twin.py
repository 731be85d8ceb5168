"""A container's twin on other folders: what Docker is asked to create."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deploy.agent.docker.twin import document_of, remove_twins, twin
from deploy.agent.errors import AgentError

DATA, SECRETS = Path("/srv/kit/home/page/data"), Path("/opt/kit/home/secrets")
FOLDERS = {DATA: Path("/scratch/page"), SECRETS: Path("/scratch/secrets")}


def mount(source: str, destination: str, *, writable: bool) -> dict[str, Any]:
    return {"Type": "bind", "Source": source, "Destination": destination, "RW": writable}


def page(*more: dict[str, Any]) -> dict[str, Any]:
    return {
        "Id": "1",
        "Name": "/kit-home-page-1",
        "Image": "sha256:aa",
        "Config": {
            "Hostname": "abc",
            "User": "10103:10103",
            "Image": "kit/page:1",
            "Labels": {"kit.stack": "home", "kit.service": "page"},
        },
        "HostConfig": {
            "NetworkMode": "kit-home_inner",
            "PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "3000"}]},
            "RestartPolicy": {"Name": "unless-stopped"},
            "Memory": 1024,
        },
        "Mounts": [
            mount(str(DATA), "/data", writable=True),
            mount(str(SECRETS / "page/token"), "/run/secrets/TOKEN", writable=False),
            mount("/opt/kit/home/files/aa/entrypoint.sh", "/kit/entrypoint.sh", writable=False),
            *more,
        ],
        "NetworkSettings": {"Networks": {"kit-home_inner": {}, "kit-home_published": {}}},
    }


def test_a_twin_is_the_same_container_on_its_own_folders_and_no_part_of_the_stack() -> None:
    made = document_of(page(), FOLDERS, "home")
    assert (made["User"], made["Image"], made["HostConfig"]["Memory"]) == ("10103:10103", "sha256:aa", 1024)
    assert made["Labels"] == {"kit.drill": "home"}
    assert "Hostname" not in made
    host = made["HostConfig"]
    assert (host["PortBindings"], host["RestartPolicy"]) == ({}, {"Name": "no"})
    assert [(each["Source"], each["ReadOnly"]) for each in host["Mounts"]] == [
        ("/scratch/page", False),
        ("/scratch/secrets/page/token", True),
        ("/opt/kit/home/files/aa/entrypoint.sh", True),
    ]


def test_a_container_that_could_write_elsewhere_gets_no_twin() -> None:
    with pytest.raises(AgentError, match="/cache is writable and not part of the backup"):
        document_of(page(mount("/srv/cache", "/cache", writable=True)), FOLDERS, "home")


class Docker:
    """A Docker that fails to start what it made."""

    def __init__(self) -> None:
        self.done: list[tuple[str, ...]] = []

    def create(self, name: str, _document: Any) -> str:
        self.done.append(("create", name))
        return "2"

    def join(self, network: str, _container: str) -> None:
        self.done.append(("join", network))

    def start(self, _container: str) -> None:
        raise AgentError("no space left on device")

    def containers(self, labels: dict[str, str]) -> list[dict[str, Any]]:
        return [{"Id": "9"}] if labels == {"kit.drill": "home"} else []

    def remove_whole(self, name: str) -> None:
        self.done.append(("remove", name))


def test_a_twin_that_does_not_start_is_removed() -> None:
    docker: Any = Docker()
    with pytest.raises(AgentError, match="no space left"), twin(docker, page(), FOLDERS, "home"):
        pass
    name = "kit-home-page-1-drill"
    expected = [("remove", name), ("create", name), ("join", "kit-home_published"), ("remove", name)]
    assert docker.done == expected


def test_twins_of_a_killed_run_are_removed_by_their_label() -> None:
    docker: Any = Docker()
    remove_twins(docker, "home")
    assert docker.done == [("remove", "9")]
