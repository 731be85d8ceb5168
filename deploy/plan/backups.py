"""The program that backups need, and the advice about their place."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation

PACKAGE = "restic"


def backup_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the installation of restic, if the host has a backup and lacks it."""
    if deployment.backup is not None and not observation.backups.has_restic:
        yield Operation(f"package {PACKAGE}", "install", "backups need it", "backup")
