"""What a lab host says of the stack on it, past SSH and past the kit's agent."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.lab.host import LabHost

ROOT = "/opt/kit/lab"


def holder(host: LabHost, root: str = ROOT) -> dict[str, Any]:
    """Return who holds the host; empty if nobody does."""
    if not _is_locked(host, root, "hold"):
        return {}
    said: dict[str, Any] = json.loads(host.read("cat", f"{root}/run/hold") or "{}")
    return said


def _is_locked(host: LabHost, root: str, lock: str) -> bool:
    # A lock that is not there is free, and is not made by looking.
    path = f"{root}/run/{lock}"
    return host.run("sh", "-c", f"test ! -e {path} || flock --nonblock --shared {path} true").returncode != 0


def release(host: LabHost) -> str:
    """Return the release that runs."""
    return host.read("readlink", f"{ROOT}/current").strip()


def containers(host: LabHost) -> dict[str, str]:
    """Return the ids of the running containers, by service."""
    shown = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    lines = host.read("docker", "ps", "--no-trunc", "--format", shown).splitlines()
    return dict(sorted(line.split() for line in lines))
