"""Folders that the kit made for one user and that another one shall own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.deployment.folders import Folder
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation

if TYPE_CHECKING:
    from deploy.agent.contract.places import Handover


def is_handed_over(folder: Folder, observation: Observation) -> bool:
    """Return True if a folder belongs to the user that the release gave it to, and shall have another."""
    seen = observation.folder(folder.host_path)
    owner = f"{seen.uid}:{seen.gid}"
    return seen.exists and owner != str(folder.owner) and observation.owners.get(folder.host_path) == owner


def handed_over(deployment: Deployment, observation: Observation) -> dict[str, list[Handover]]:
    """Return the folders whose owner changes, by service, in the agent's form."""
    by_service = {service.name: list(_of(service, observation)) for service in deployment.services}
    return {name: folders for name, folders in by_service.items() if folders}


def _of(service: Service, observation: Observation) -> Iterator[Handover]:
    for folder in service.folders:
        if is_handed_over(folder, observation):
            seen, owner = observation.folder(folder.host_path), folder.owner
            yield {
                "path": folder.host_path,
                "uid": owner.uid,
                "gid": owner.gid,
                "from_uid": seen.uid,
                "from_gid": seen.gid,
            }
