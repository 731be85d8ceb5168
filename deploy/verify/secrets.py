"""Secrets' values, read on the host by the checks alone."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from deploy.agent.line import Line
from deploy.deployment.host import Deployment
from deploy.verify.checks import NotAsPlannedError

SHORTEST = 8
"""Of fewer characters a value stands by chance in what is no secret: such are not looked for."""


class HostSecrets:
    """The stack's secrets by name; prints as nothing but their names."""

    def __init__(self, deployment: Deployment) -> None:
        self._owners = {secret.name: secret.owner for secret in deployment.secrets}
        self._folder = Path(deployment.root) / "secrets"

    def __repr__(self) -> str:
        return f"HostSecrets({', '.join(sorted(self._owners))})"

    def value(self, name: str) -> str:
        """Return a secret's value."""
        try:
            return (self._folder / self._owners[name] / name).read_text().rstrip("\n")
        except PermissionError:
            raise NotAsPlannedError(f"only root can read the secret {name}; run the same command as root") from None
        except FileNotFoundError:
            raise NotAsPlannedError(f"the secret {name} is not on the host; run `{Line('apply')}`") from None

    @cached_property
    def values(self) -> dict[str, str]:
        """Every value, by name."""
        return {name: self.value(name) for name in sorted(self._owners)}

    def names_in(self, text: str) -> tuple[str, ...]:
        """Return the names of the secrets whose value stands in a text."""
        return tuple(name for name, value in self.values.items() if len(value) >= SHORTEST and value in text)

    @property
    def short(self) -> tuple[str, ...]:
        """The names of the secrets that are not looked for."""
        return tuple(name for name, value in self.values.items() if len(value) < SHORTEST)
