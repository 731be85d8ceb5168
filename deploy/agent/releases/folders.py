"""Folders of user data: made with their owner, never taken from another."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal


def run(request: dict[str, Any], journal: Journal) -> dict[str, Any]:
    """Make every folder that is missing, set modes; refuse one that belongs to somebody else."""
    for folder in request["folders"]:
        _ensure_ours(folder)
    made = [folder["host_path"] for folder in request["folders"] if _make(folder)]
    if made:
        journal.say(f"folders: made {', '.join(made)}")
    return {"changed": bool(made), "made": made}


def _ensure_ours(folder: dict[str, Any]) -> None:
    path, wanted = Path(folder["host_path"]), (folder["uid"], folder["gid"])
    if not path.is_absolute() or ".." in path.parts:
        raise AgentError(f"{path} is not a place for user data", "give an absolute path in kit.yaml")
    if not path.exists():
        return
    status = path.stat()
    owner = (status.st_uid, status.st_gid)
    if owner != wanted and any(path.iterdir()):
        found, ours = ":".join(map(str, owner)), ":".join(map(str, wanted))
        raise AgentError(
            f"{path} belongs to {found}, and the service runs as {ours}",
            f'write `user: "{found}"` at the service in kit.yaml, or change the owner of the folder',
        )


def _make(folder: dict[str, Any]) -> bool:
    path, mode = Path(folder["host_path"]), int(folder["mode"], 8)
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700)
    status = path.stat()
    if (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (folder["uid"], folder["gid"], mode):
        return False
    os.chown(path, folder["uid"], folder["gid"])
    path.chmod(mode)
    return True
