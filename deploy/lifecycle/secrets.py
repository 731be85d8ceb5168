"""Secrets as a person sees them: their places, and on request a value."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import SECRET
from deploy.deployment.secrets import Secret
from deploy.hosts.transport import Transport
from deploy.lifecycle.applied import Applied
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.releases import SecretRequest


def host_path(there: Applied, secret: Secret) -> str:
    """Return the path of a secret's original on the host."""
    return Stack(there.stack).secret(secret.owner, secret.name)


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


def purpose(there: Applied, secret: Secret) -> str:
    """Return the purpose of a secret, also of one that no person needs."""
    if secret.shown_as or secret.purpose:
        return secret.shown_as or secret.purpose
    others = [name for name in there.readers[secret.name] if name != secret.owner]
    if others:
        return f"key with which {' and '.join(others)} calls {secret.owner}"
    return f"only {secret.owner} reads it"
