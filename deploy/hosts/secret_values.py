"""Values of secrets, asked of the host that owns them and kept nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import SECRET
from deploy.deployment.secrets import Secret
from deploy.hosts.wire.transport import Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.releases import SecretRequest


def secret_value(stack: Stack, transport: Transport, secret: Secret) -> str:
    """Ask the host for a secret's value."""
    request: SecretRequest = {
        "stack": stack.name,
        "root": stack.root,
        "name": secret.name,
        "owner": secret.owner,
        "show": True,
    }
    return transport.call(SECRET, request)["value"]
