"""The values of secrets, which the checks alone read on the host."""

from __future__ import annotations

from functools import cached_property

from deploy.agent.line import Line
from deploy.verify.checks import NotAsPlannedError
from deploy.verify.evidence import HostEvidence

SHORTEST = 8
"""Minimum length of a secret that is searched for: shorter ones match ordinary text."""


class HostSecrets:
    """The stack's secrets by name; prints as nothing but their names."""

    def __init__(self, evidence: HostEvidence) -> None:
        self.evidence = evidence
        self._names = sorted({secret.name for secret in evidence.deployment.secrets})

    def __repr__(self) -> str:
        return f"HostSecrets({', '.join(self._names)})"

    def value(self, name: str) -> str:
        """Return a secret's value."""
        values = self.evidence.secrets
        if name not in values:
            raise NotAsPlannedError(f"the secret {name} is not on the host; run `{Line('apply')}`")
        return values[name]

    @cached_property
    def values(self) -> dict[str, str]:
        """Every value, by name."""
        return {name: self.value(name) for name in self._names}

    def names_in(self, text: str) -> tuple[str, ...]:
        """Return the names of the secrets whose value stands in a text."""
        return tuple(name for name, value in self.values.items() if len(value) >= SHORTEST and value in text)

    @property
    def short(self) -> tuple[str, ...]:
        """The names of the secrets that are not searched for."""
        return tuple(name for name, value in self.values.items() if len(value) < SHORTEST)
