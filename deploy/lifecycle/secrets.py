"""Secrets as a person sees them: where they lie, and on request their value."""

from __future__ import annotations

from deploy.deployment import Deployment, Secret
from deploy.hosts.transport import Transport


def host_path(deployment: Deployment, secret: Secret) -> str:
    """Return where the original of a secret lies on the host."""
    return f"{deployment.root}/secrets/{secret.owner}/{secret.name}"


def secret_value(deployment: Deployment, transport: Transport, secret: Secret) -> str:
    """Ask the host for a secret's value."""
    request = {"stack": deployment.stack, "root": deployment.root, "name": secret.name, "owner": secret.owner}
    return str(transport.call("secret", request | {"show": True})["value"])
