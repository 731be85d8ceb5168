"""One host's share of the stack, decided."""

from __future__ import annotations

from dataclasses import dataclass, field

from deploy.deployment.backup import Backup
from deploy.deployment.cards import Toolkit
from deploy.deployment.engines import Engine, ModelFile, NamedEngine
from deploy.deployment.failures import FailureCall
from deploy.deployment.fetch import Fetch
from deploy.deployment.jobs import Job
from deploy.deployment.secrets import Secret
from deploy.deployment.service import Service


@dataclass(frozen=True)
class Deployment:
    """Everything that one host of a stack runs."""

    stack: str
    services: tuple[Service, ...]
    models: tuple[ModelFile, ...]
    engines: tuple[Engine, ...] = ()
    named_engines: tuple[NamedEngine, ...] = ()
    fetch: Fetch = field(default_factory=Fetch)
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """Addresses of the host when they were locked, by the word of `publish` that stands for them."""
    jobs: tuple[Job, ...] = ()
    backup: Backup | None = None
    failure_call: FailureCall | None = None
    toolkit: Toolkit | None = None
    """NVIDIA's container toolkit for the host; None if kit.lock pins none."""
    on_cpu: tuple[str, ...] = ()
    """Engines that compute on the CPU, for `gpu: auto` found no card when it was locked."""
    manages_docker: bool = False
    """True if the kit may change a Docker that it did not install."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret once, by name."""
        used = {use.secret.name: use.secret for service in self.services for use in service.secrets}
        used |= {secret.name: secret for service in self.services for secret in service.host_secrets}
        used |= {self.backup.key.name: self.backup.key} if self.backup else {}
        used |= {engine.key.name: engine.key for engine in self.asked_engines if engine.key}
        return tuple(used[name] for name in sorted(used))

    @property
    def asked_engines(self) -> tuple[Engine | NamedEngine, ...]:
        """Return every engine that a host asks for its models."""
        return (*self.engines, *self.named_engines)

    def readers(self, secret: Secret) -> tuple[str, ...]:
        """Return the services whose containers read a secret."""
        return tuple(service.name for service in self.services if any(use.secret == secret for use in service.secrets))

    def service(self, name: str) -> Service:
        """Return the service of that name; KeyError if there is none."""
        return {service.name: service for service in self.services}[name]
