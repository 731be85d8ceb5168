"""Containers with NVIDIA's cards on lab hosts; the device files are stand-ins that open as /dev/null does."""

from __future__ import annotations

import json
from typing import Any

from deploy.decide.compose import service_block
from deploy.deployment.host import Deployment
from deploy.verify.cards import OPENING, patterns_of
from tests.e2e.lab.host import LabHost
from tests.roles.lab import put

NODES = ("/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia-uvm", "/dev/nvidiactl")
IMAGE = "cards:1"
PARTS = ("bin/sh", "bin/sleep", "lib64/ld-linux-x86-64.so.2", "lib/x86_64-linux-gnu/libc.so.6")


def bring_cards(host: LabHost) -> None:
    """Make stand-ins for device files of NVIDIA's driver, and an image with a shell."""
    for node in NODES:
        host.read("sh", "-c", f"[ -e {node} ] || mknod -m 0666 {node} c 1 3")
    host.read("sh", "-c", f"tar -C / -chf - {' '.join(PARTS)} | docker import - {IMAGE}")


def block_of(made: Deployment) -> dict[str, Any]:
    """Return the first service as it is rendered for Compose."""
    return service_block(made, made.services[0], ())


def container(host: LabHost, verb: str, block: dict[str, Any], project: str = "cards") -> dict[str, Any]:
    """Make the container of an engine whose program only waits; return what Docker says of it."""
    service: dict[str, Any] = {key: block[key] for key in ("devices", "deploy") if key in block}
    service |= {"image": IMAGE, "command": ["/bin/sleep", "1d"], "restart": "unless-stopped"}
    put(host, f"/root/{project}.json", json.dumps({"name": project, "services": {"main": service}}))
    host.read("docker", "compose", "--file", f"/root/{project}.json", *verb.split())
    limits: dict[str, Any] = json.loads(host.read("docker", "inspect", f"{project}-main-1"))[0]["HostConfig"]
    return limits


def gone(host: LabHost, project: str = "cards") -> None:
    """Remove that container."""
    host.read("docker", "rm", "--force", f"{project}-main-1")


def opens(host: LabHost, made: Deployment, project: str = "cards") -> int:
    """Open the device files in the container as the check does; return its exit code."""
    patterns = patterns_of(made.services[0])
    return host.run("docker", "exec", f"{project}-main-1", *OPENING, *patterns).returncode
