"""Parts of kit.yaml with their rooms' decisions: engines, services in front of them, guards."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.components.room import Resolved


@dataclass(frozen=True)
class Part:
    """An engine, the gateway, the web UI or a guard, decided."""

    name: str
    """Name of the service, or of an engine that the kit does not run."""
    host: str
    address: str
    """Address of the host, as kit.yaml says it; empty for this machine."""
    resolved: Resolved
    needs: frozenset[str] = frozenset()
    """Other hosts whose services make the offers that it got."""

    @property
    def is_managed(self) -> bool:
        """Return True if the kit runs it."""
        return self.resolved.own_service is not None


@dataclass(frozen=True)
class Parts:
    """Everything that kit.yaml declares, decided."""

    engines: tuple[Part, ...]
    """Engines in the order of kit.yaml."""
    fronts: tuple[Part, ...]
    """The gateway over the engines, and the web UI over that."""
    guards: tuple[Part, ...]

    @property
    def all(self) -> tuple[Part, ...]:
        """Return all parts in the order of a deployment."""
        return (*self.engines, *self.fronts, *self.guards)

    def needs_of(self, host: str) -> frozenset[str]:
        """Return the other hosts whose offers the services of a host use."""
        return frozenset(other for part in self.all if part.host == host for other in part.needs)
