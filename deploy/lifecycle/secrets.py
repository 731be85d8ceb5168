"""Secrets as a person sees them: their places and purposes."""

from __future__ import annotations

from deploy.deployment.secrets import Secret
from deploy.lifecycle.applied import Applied
from deploy.stack import Stack


def host_path(there: Applied, secret: Secret) -> str:
    """Return the path of a secret's original on the host."""
    return Stack(there.stack).secret(secret.owner, secret.name)


def purpose(there: Applied, secret: Secret) -> str:
    """Return the purpose of a secret, also of one that no person needs."""
    if secret.shown_as or secret.purpose:
        return secret.shown_as or secret.purpose
    others = [name for name in there.readers[secret.name] if name != secret.owner]
    if others:
        return f"key with which {' and '.join(others)} calls {secret.owner}"
    return f"only {secret.owner} reads it"
