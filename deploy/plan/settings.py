"""Settings that the kit owns inside an application, compared by the room's own observation."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observation.observe import Observation
from deploy.plan.operation import Operation


def settings_operations(deployment: Deployment, observation: Observation) -> tuple[Operation, ...]:
    """Return the owned settings that differ; an unreadable store is set at the end of the first apply."""
    operations: list[Operation] = []
    for service in deployment.services:
        if not service.room:
            continue
        drift = dict(observation.settings_drift(service.name))
        causes = {**dict(_given_anew(service, observation)), **drift}
        operations += [
            Operation(f"setting {name}", "set", causes[name], "settings", service.name) for name in sorted(causes)
        ]
    return tuple(operations)


def _given_anew(service: Service, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the settings with a secret that this apply replaces: the stored one still equals the old one."""
    if service.name not in observation.services:
        return
    for name, value in service.room.get("settings", {}).items():
        replaced = sorted(
            secret for owner, secret in _secrets_in(value) if (owner, secret) in observation.replaced_secrets
        )
        if replaced:
            yield name, f"secret changed: {', '.join(replaced)}"


def _secrets_in(value: object) -> set[tuple[str, str]]:
    if isinstance(value, dict) and isinstance(value.get("secret"), str):
        return {(str(value.get("owner")), value["secret"])}
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {secret for item in inner for secret in _secrets_in(item)}
