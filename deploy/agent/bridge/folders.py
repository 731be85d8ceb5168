"""Operation `bridge`: the folders that a container shares with its host, and who has its databases open."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.bridge.databases import databases_of
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.journal import Journal
from deploy.agent.releases.decided import released_service

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import BridgeAnswer, BridgedDatabase, BridgedFolder, BridgeRequest, OpenedBy
    from deploy.agent.contract.deployed import Mount

SIDES = ("", "-wal", "-shm")
"""Files of a database that a process with it has open."""
_CONTAINER = re.compile(r"[0-9a-f]{64}")


def run(request: BridgeRequest, _journal: Journal) -> BridgeAnswer:
    """Describe every shared folder and every database of a service; changes nothing."""
    service = released_service(Path(request["root"]), request["service"])
    containers = of_stack(Docker().containers({"kit.stack": request["stack"]}), request["stack"])
    own = containers.get(service["name"])
    names = {container["Id"]: name for name, container in containers.items()}
    return {
        "service": service["name"],
        "is_running": is_up(own),
        "folders": [_folder(mount) for mount in service["mounts"]],
        "databases": [_database(path, names) for path in databases_of(service)],
    }


def _folder(mount: Mount) -> BridgedFolder:
    path = Path(mount["host_path"])
    shown: BridgedFolder = {
        "host_path": mount["host_path"],
        "container_path": mount["container_path"],
        "read_only": mount["read_only"],
        "exists": path.is_dir(),
        "uid": -1,
        "gid": -1,
        "mode": "",
        "files": 0,
        "bytes": 0,
    }
    if shown["exists"]:
        status = path.stat()
        sizes = list(_sizes(path))
        shown["uid"], shown["gid"], shown["mode"] = status.st_uid, status.st_gid, f"{status.st_mode & 0o7777:04o}"
        shown["files"], shown["bytes"] = len(sizes), sum(sizes)
    return shown


def _sizes(folder: Path) -> Iterator[int]:
    for above, _folders, files in os.walk(folder):
        for name in files:
            # A file may be gone by now.
            try:
                yield (Path(above) / name).lstat().st_size
            except FileNotFoundError:
                continue


def _database(path: Path, containers: dict[str, str]) -> BridgedDatabase:
    log = Path(f"{path}-wal")
    return {
        "path": str(path),
        "exists": path.is_file(),
        "bytes": path.stat().st_size if path.is_file() else 0,
        "log_bytes": log.stat().st_size if log.is_file() else 0,
        "opened_by": list(_openers(path, containers)),
    }


def _openers(path: Path, containers: dict[str, str]) -> Iterator[OpenedBy]:
    """Yield the processes with a file of the database open.

    Files are compared by their inodes: a process in a container has another path to the same file.
    """
    wanted = {
        (status.st_dev, status.st_ino) for status in map(_status, (Path(f"{path}{side}") for side in SIDES)) if status
    }
    for process in sorted(Path("/proc").glob("[0-9]*"), key=lambda process: int(process.name)):
        if any(_identity(opened) in wanted for opened in _opened(process)):
            yield {
                "pid": int(process.name),
                "program": _text(process / "comm").strip(),
                "service": _service(_text(process / "cgroup"), containers),
            }


def _opened(process: Path) -> list[Path]:
    try:
        return list((process / "fd").iterdir())
    except OSError:
        # It has ended.
        return []


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _identity(path: Path) -> tuple[int, int] | None:
    status = _status(path)
    return (status.st_dev, status.st_ino) if status else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _service(cgroup: str, containers: dict[str, str]) -> str:
    return next((containers[name] for name in _CONTAINER.findall(cgroup) if name in containers), "")
