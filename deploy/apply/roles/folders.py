"""Folders of services, as the role `folders` takes them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, TypedDict

from deploy.deployment.folders import Folder
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.places import Handover


class WantedFolder(TypedDict):
    """A folder with its owner and mode."""

    path: str
    uid: int
    gid: int
    mode: str


def folders_of(deployment: Deployment, handed_over: Mapping[str, list[Handover]] | None = None) -> list[WantedFolder]:
    """Return the folders of all services, with their owners.

    A folder that changes hands keeps its owner here: its service still runs.
    """
    kept = {folder["path"]: folder for folders in (handed_over or {}).values() for folder in folders}
    folders: list[WantedFolder] = [
        {"path": folder.host_path, "uid": folder.owner.uid, "gid": folder.owner.gid, "mode": _mode(folder, service)}
        for service in deployment.services
        for folder in service.folders
    ]
    for folder in folders:
        if former := kept.get(folder["path"]):
            folder["uid"], folder["gid"] = former["from_uid"], former["from_gid"]
    # Ansible gives the parents that it makes to the owner of the first folder in them, and shuts all others out.
    shared = PurePosixPath(Stack(deployment.stack).data_root)
    inside = any(PurePosixPath(folder["path"]).is_relative_to(shared) for folder in folders)
    parents = (shared.parent, shared) if inside else ()
    above: list[WantedFolder] = [{"path": str(path), "uid": 0, "gid": 0, "mode": "0755"} for path in parents]
    return [*above, *folders]


def _mode(folder: Folder, service: Service) -> str:
    """Return a mode for Ansible; that of a person's own folder leaves its group as it is."""
    return "u=rwx,o=rx" if folder.is_persons(service.owner) else folder.mode
