"""The host as its agent sees it: one question, which all checks share."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from deploy.agent.contract.verbs import EVIDENCE, Answer, Request, Verb
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_request
from deploy.deployment.values import as_json
from deploy.errors import KitError
from deploy.hosts.observe import engine_request
from deploy.hosts.transport import Transport
from deploy.verify.checks import NotAsPlannedError

if TYPE_CHECKING:
    from deploy.agent.contract.probe import EvidencePart, EvidenceRequest


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
    def _evidence(self) -> dict[str, EvidencePart]:
        deployment = self.deployment
        request: EvidenceRequest = {
            "root": deployment.root,
            "ca": deployment.fetch.ca,
            "stack": deployment.stack,
            "deployment": as_json(deployment),
            "engines": [engine_request(engine) for engine in deployment.engines],
            "places": places_request(deployment),
            "addresses": sorted({port.address for service in deployment.services for port in service.ports}),
            "closed": any(service.egress != "any" for service in deployment.services),
            "secrets": [{"name": secret.name, "owner": secret.owner} for secret in deployment.secrets],
        }
        return self.call(EVIDENCE, request)

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Ask the agent about the stack."""
        try:
            return self.transport.call(verb, request)
        except KitError as problem:
            words = filter(None, (problem.problem, problem.next_step))
            raise NotAsPlannedError("; ".join(words)) from None
