"""The host as its agent sees it: one question, which all checks share."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from deploy.deployment.host import Deployment
from deploy.deployment.places import places_request
from deploy.deployment.values import as_json
from deploy.errors import KitError
from deploy.hosts.observe import engine_request
from deploy.hosts.transport import Document, Transport
from deploy.verify.checks import NotAsPlannedError


class Seen:
    """The way to the host, the deployment that it shall run, and the agent's answer about both."""

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self.transport = transport
        self.deployment = deployment

    def part(self, name: str) -> Any:
        """Return a part of the answer; a NotAsPlannedError where the agent could not give it."""
        part = self._evidence[name]
        if problem := part.get("problem"):
            raise NotAsPlannedError(problem)
        return part["answer"]

    @cached_property
    def _evidence(self) -> Document:
        deployment = self.deployment
        return self.call(
            "evidence",
            {
                "stack": deployment.stack,
                "deployment": as_json(deployment),
                "engines": [engine_request(engine) for engine in deployment.engines],
                "places": places_request(deployment),
                "addresses": sorted({port.address for service in deployment.services for port in service.ports}),
                "closed": any(service.egress != "any" for service in deployment.services),
                "secrets": [{"name": secret.name, "owner": secret.owner} for secret in deployment.secrets],
            },
        )

    def call(self, verb: str, request: Document) -> Document:
        """Ask the agent about the stack."""
        try:
            return self.transport.call(verb, {"root": self.deployment.root, "ca": self.deployment.fetch.ca, **request})
        except KitError as problem:
            words = filter(None, (problem.problem, problem.next_step))
            raise NotAsPlannedError("; ".join(words)) from None
