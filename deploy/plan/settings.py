"""Settings that the kit owns inside an application, compared as a room's own observation names them."""

from __future__ import annotations

from deploy.deployment import Deployment
from deploy.hosts.observe import Observation
from deploy.plan.operation import Operation


def settings_operations(deployment: Deployment, observation: Observation) -> tuple[Operation, ...]:
    """Return the owned settings that differ; a store that cannot be read yet is set at the end of the first apply."""
    operations = []
    for service in deployment.services:
        if not service.room:
            continue
        for name, cause in observation.settings_drift(service.name):
            operations.append(Operation(f"setting {name}", "set", cause, service.kind, service.name, "settings"))
    return tuple(operations)
