"""A lab host's stack, seen without SSH and without the kit's agent."""

from __future__ import annotations

import json
from typing import Any

from tests.e2e.lab.host import LabHost

ROOT = "/opt/kit/lab"
LOCKS = ("hold", "working", "composing")


def holder(host: LabHost, root: str = ROOT) -> dict[str, Any]:
    """Return who holds the host; empty if nobody does."""
    if not _is_locked(host, root, "hold"):
        return {}
    said: dict[str, Any] = json.loads(host.read("cat", f"{root}/run/hold") or "{}")
    return said


def is_busy(host: LabHost) -> bool:
    """Return True while a run, a step or compose works on the host."""
    return any(_is_locked(host, ROOT, lock) for lock in LOCKS)


def _is_locked(host: LabHost, root: str, lock: str) -> bool:
    # A lock that is not there is free, and is not made by looking.
    path = f"{root}/run/{lock}"
    return host.run("sh", "-c", f"test ! -e {path} || flock --nonblock --shared {path} true").returncode != 0


def release(host: LabHost) -> str:
    """Return the release that runs."""
    return host.read("readlink", f"{ROOT}/current").strip()


def containers(host: LabHost) -> dict[str, str]:
    """Return the ids of the running containers, by service; none while Docker does not answer."""
    shown = '{{.Label "com.docker.compose.service"}} {{.ID}}'
    lines = host.run("docker", "ps", "--no-trunc", "--format", shown).stdout.splitlines()
    return dict(sorted(line.split() for line in lines))


def broken_files(host: LabHost) -> list[str]:
    """Return the files that a release of the host names and that are not what it says."""
    return host.read("python3", "-c", BROKEN, ROOT).splitlines()


BROKEN = """
import hashlib, json, pathlib, sys
root = pathlib.Path(sys.argv[1])
for manifest in (root / "releases").glob("[0-9a-f]*/manifest.json"):
    for file in json.loads(manifest.read_text())["files"]:
        path = (root if file["path"].startswith("files/") else manifest.parent) / file["path"]
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != file["sha256"]:
            print(path)
"""
