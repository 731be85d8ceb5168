"""The program that backups need, the backup before another image writes user data, and the advice about it."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation

PACKAGE = "restic"
RELEASED = "backup.json"
"""File of a release that has a backup."""


def backup_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the installation of restic, if the host has a backup and lacks it, and a backup before another image."""
    if deployment.backup is not None and not observation.backups.has_restic:
        yield Operation(f"package {PACKAGE}", "install", "backups need it", "backup")
    names = _changing(deployment, observation)
    if names and _is_backed_up(deployment, observation):
        yield Operation("backup", "take", f"before the image of {' and '.join(names)} changes", "back_up")


def backup_advice(deployment: Deployment, observation: Observation) -> Iterator[str]:
    """Yield why no backup is taken before another image, and the end of the daily ones.

    A kit.yaml may end them by a section that it did not have before.
    """
    if deployment.backup is None and _has_backup(observation):
        yield "the daily backups end, for this kit.yaml has none; `backup: {}` keeps them, and what was taken stays"
    names = _changing(deployment, observation)
    if names and not _is_backed_up(deployment, observation):
        why = "kit.yaml has none" if deployment.backup is None else "the release that runs has none yet"
        yield (
            f"no backup before the image of {' and '.join(names)} changes, for {why}; a copy of its data on this host"
            " comes back if the new image fails"
        )


def _is_backed_up(deployment: Deployment, observation: Observation) -> bool:
    """Return True if kit.yaml wants a backup, and the release that runs says what goes into it."""
    return deployment.backup is not None and _has_backup(observation)


def _has_backup(observation: Observation) -> bool:
    files = observation.manifest["files"] if observation.manifest else []
    return any(file["path"] == RELEASED for file in files)


def _changing(deployment: Deployment, observation: Observation) -> list[str]:
    """Return the services whose user data another image will write."""
    return [each.name for each in deployment.services if each.data and _image_changes(each, observation)]


def _image_changes(service: Service, observation: Observation) -> bool:
    container = observation.services.get(service.name)
    if container is None:
        before = observation.manifest["services"].get(service.name) if observation.manifest else None
        return before is not None and before["image"] != service.image.reference
    image = observation.images.get(service.image.reference)
    return image is None or not image.is_of(service.image) or container.image_id != image.id
