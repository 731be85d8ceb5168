"""Values of secrets, asked of the host that owns them and kept nowhere."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import LEND, SECRET
from deploy.deployment.secrets import Secret
from deploy.hosts.wire.transport import Transport
from deploy.stack import Stack

if TYPE_CHECKING:
    from deploy.agent.contract.lending import LendRequest
    from deploy.agent.contract.probe import SecretName
    from deploy.agent.contract.secrets import SecretRequest


def lent_by(stack: Stack, transport: Transport, secrets: Iterable[Secret]) -> dict[str, str]:
    """Ask the host for the values of several secrets at once, by their names; one that is not made yet has none."""
    wanted: list[SecretName] = [{"name": secret.name, "owner": secret.owner} for secret in secrets]
    request: LendRequest = {"stack": stack.name, "root": stack.root, "secrets": wanted}
    by_owner = transport.call(LEND, request)["values"]
    return {name: value for values in by_owner.values() for name, value in values.items()}


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
