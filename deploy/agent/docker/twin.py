"""A second container of a service, on other folders: no published ports, no labels of the stack, no restarts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.logs import redacted_log
from deploy.agent.errors import AgentError
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line

LABEL = "kit.drill"
LOOK_SECONDS, SAY_SECONDS = 1.0, 5.0
_OWN = ("Hostname", "Domainname", "ExposedPorts", "Volumes")
"""Settings that are one container's alone."""


@contextmanager
def twin(docker: Docker, inspected: dict[str, Any], folders: Mapping[Path, Path], stack: str) -> Iterator[str]:
    """Run a twin of an inspected container until the block ends; give its id. Each folder is replaced by another."""
    name = f"{inspected['Name'].strip('/')}-drill"
    networks = sorted(inspected["NetworkSettings"]["Networks"])
    docker.remove_whole(name)
    try:
        made = docker.create(name, document_of(inspected, folders, stack))
        for network in networks:
            if network != inspected["HostConfig"]["NetworkMode"]:
                docker.join(network, made)
        docker.start(made)
        yield made
    finally:
        with shielded():
            docker.remove_whole(name)


def remove_twins(docker: Docker, stack: str) -> None:
    """Remove the twins that a killed run left."""
    for container in docker.containers({LABEL: stack}):
        docker.remove_whole(container["Id"])


def document_of(inspected: dict[str, Any], folders: Mapping[Path, Path], stack: str) -> dict[str, Any]:
    """Return what Docker creates a twin from."""
    config = {key: value for key, value in inspected["Config"].items() if key not in _OWN}
    mounts = [_mount(mount, folders) for mount in inspected["Mounts"] if mount["Type"] != "tmpfs"]
    host = {
        **inspected["HostConfig"],
        "Binds": None,
        "Mounts": mounts,
        "PortBindings": {},
        "RestartPolicy": {"Name": "no"},
        "ContainerIDFile": "",
    }
    return {**config, "Image": inspected["Image"], "Labels": {LABEL: stack}, "HostConfig": host}


def _mount(mount: dict[str, Any], folders: Mapping[Path, Path]) -> dict[str, Any]:
    """Return a mount on the twin's own folder; whatever it could write elsewhere is refused."""
    source = Path(mount.get("Source", ""))
    own = next((new / source.relative_to(old) for old, new in folders.items() if _is_below(source, old)), None)
    if mount["Type"] != "bind" or (own is None and mount["RW"]):
        raise AgentError(
            f"{mount['Destination']} is writable and not part of the backup: a drill would change what runs",
            f"`{Line('plan')}` tells whether the container is as its release says",
        )
    return {
        "Type": "bind",
        "Source": str(own or source),
        "Target": mount["Destination"],
        "ReadOnly": not mount["RW"],
    }


def _is_below(path: Path, folder: Path) -> bool:
    return path == folder or folder in path.parents


def address_of(docker: Docker, container: str, port: int) -> str:
    """Return the address of a running container's port for this host."""
    inspected = docker.container(container) or {}
    networks = inspected.get("NetworkSettings", {}).get("Networks", {}).values()
    address = next((network["IPAddress"] for network in networks if network.get("IPAddress")), "")
    if not address:
        raise AgentError("a container of the drill has no address", "see `docker ps` and the host's log of Docker")
    return f"{address}:{port}"


def wait_until_ready(docker: Docker, container: str, limit: float, root: Path, journal: Journal) -> None:
    """Wait for a container's own health check; raise AgentError if it ends or takes too long.

    Its last log lines are told without the secrets below `root`.
    """
    begun, said = time.monotonic(), 0.0
    while True:
        inspected = docker.container(container)
        if inspected is None or inspected["State"]["Status"] != "running":
            raise AgentError(f"it ended: {_last(docker, root, container)}")
        if health_now(docker, inspected) in (None, "healthy"):
            return
        passed = time.monotonic() - begun
        if passed > limit:
            raise AgentError(f"not healthy within {limit:.0f} s: {_last(docker, root, container)}")
        if passed - said >= SAY_SECONDS:
            said = passed
            journal.say(f"waiting for it: {passed:.0f} s of at most {limit:.0f} s")
        time.sleep(LOOK_SECONDS)


def _last(docker: Docker, root: Path, container: str) -> str:
    return " | ".join(redacted_log(docker, root, container)[-3:])
