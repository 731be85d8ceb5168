"""The evidence of a host: one question to its agent, which all checks share."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import TYPE_CHECKING

from deploy.agent.contract.verbs import EVIDENCE, Answer, Request, Verb
from deploy.deployment.host import Deployment
from deploy.deployment.places import places_request
from deploy.deployment.values import as_json
from deploy.errors import KitError
from deploy.hosts.observation.asked import engine_request
from deploy.hosts.observation.network import Attached, read_attached
from deploy.hosts.wire.transport import Transport
from deploy.stack import Stack
from deploy.verify.checks import NotAsPlannedError

if TYPE_CHECKING:
    from concurrent.futures import Future

    from deploy.agent.contract.containers import ContainerPorts
    from deploy.agent.contract.deployed import Deployed
    from deploy.agent.contract.engines import SeenEngine, SeenNames
    from deploy.agent.contract.evidence import (
        DockerAccess,
        Evidence,
        EvidenceAnswer,
        EvidenceRequest,
        PlacedFile,
        PlacedRelease,
        Rights,
    )
    from deploy.agent.contract.firewall import Closing, Redirect, StaleMask
    from deploy.agent.contract.hardware import Card
    from deploy.agent.contract.places import SeenData
    from deploy.agent.contract.probe import Port
    from deploy.agent.contract.released import Right


class HostEvidence:
    """A host, the deployment that it should run, and the agent's answer about both.

    A part that the agent could not read is raised as a NotAsPlannedError.
    """

    def __init__(self, transport: Transport, deployment: Deployment) -> None:
        self.transport = transport
        self.deployment = deployment
        self._pending: Future[EvidenceAnswer] | None = None

    def ask_ahead(self) -> None:
        """Ask in the background: the agent looks while the checks are loaded."""
        pool = ThreadPoolExecutor(1)
        self._pending = pool.submit(self._asked)
        pool.shutdown(wait=False)

    @property
    def engines(self) -> dict[str, SeenEngine | SeenNames]:
        """The engines with their models, by name."""
        return self._with("engines")["engines"]

    @property
    def places(self) -> dict[str, SeenData]:
        """The places of user data, by service."""
        return self._with("places")["places"]

    @property
    def rights(self) -> list[Right]:
        """Paths with another mode or owner than the kit gave them."""
        return self._with("rights")["rights"]

    @property
    def release(self) -> PlacedRelease:
        """The release that the host runs."""
        return self._with("release")["release"]

    @property
    def files(self) -> dict[str, PlacedFile]:
        """The files of the release, by the manifest's paths."""
        return self._with("files")["files"]

    @property
    def modes(self) -> dict[str, Rights]:
        """The rights of folders and secrets, by path."""
        return self._with("modes")["modes"]

    @property
    def replaced(self) -> dict[str, list[str]]:
        """The folders that a container writes to and that their paths no longer lead to, by container."""
        return self._with("replaced")["replaced"]

    @property
    def attached(self) -> tuple[Attached, ...]:
        """The containers from outside that reach into the stack."""
        return read_attached(self._with("attached")["attached"])

    @property
    def docker(self) -> DockerAccess:
        """The way to Docker, and its settings."""
        return self._with("docker")["docker"]

    @property
    def brought(self) -> list[str]:
        """The tags of images that Docker pulled by the digest in them, or that the agent remembers."""
        return self._with("brought")["brought"]

    @property
    def absent(self) -> list[str]:
        """The published addresses that the host does not have."""
        return self._with("absent")["absent"]

    @property
    def outside(self) -> Port | None:
        """A place beyond the host that the host reaches."""
        return self._with("outside")["outside"]

    @property
    def listeners(self) -> list[Port]:
        """Every address and port that something on the host listens on."""
        return self._with("listeners")["listeners"]

    @property
    def redirects(self) -> list[Redirect]:
        """The ports that rules of iptables lead past every listener."""
        return self._with("redirects")["redirects"]

    @property
    def ports(self) -> ContainerPorts:
        """The ports of the host's containers."""
        return self._with("ports")["ports"]

    @property
    def firewall(self) -> Closing:
        """The ways from other machines to containers' own addresses."""
        return self._with("firewall")["firewall"]

    @property
    def masks(self) -> list[StaleMask]:
        """The rules of networks that are gone, which may let a container out."""
        return self._with("masks")["masks"]

    @property
    def secrets(self) -> dict[str, str]:
        """The values of the stack's secrets, by name."""
        return self._with("secrets")["secrets"]

    @property
    def cards(self) -> list[Card]:
        """The host's graphics cards, if a service computes on one."""
        return self._with("cards")["cards"]

    def call(self, verb: Verb[Request, Answer], request: Request) -> Answer:
        """Ask the agent about the stack."""
        try:
            return self.transport.call(verb, request)
        except KitError as problem:
            words = filter(None, (problem.problem, problem.next_step))
            raise NotAsPlannedError("; ".join(words)) from None

    def _with(self, part: str) -> Evidence:
        """Return the answer if it has a part."""
        if problem := self._answer["problems"].get(part):
            raise NotAsPlannedError(problem)
        return self._answer["parts"]

    @cached_property
    def _answer(self) -> EvidenceAnswer:
        return self._pending.result() if self._pending else self._asked()

    def _asked(self) -> EvidenceAnswer:
        return self.call(EVIDENCE, evidence_request(self.deployment))


def evidence_request(deployment: Deployment) -> EvidenceRequest:
    """Return the question about a deployment."""
    services, stack = deployment.services, Stack(deployment.stack)
    secrets = {stack.secret(service.name, use.secret.name) for service in services for use in service.secrets}
    described: Deployed = as_json(deployment)
    return {
        "root": stack.root,
        "ca": deployment.fetch.ca,
        "stack": deployment.stack,
        "deployment": described,
        "engines": [engine_request(engine) for engine in deployment.engines],
        "places": places_request(deployment),
        "paths": sorted({*secrets, *(folder.host_path for service in services for folder in service.folders)}),
        "addresses": sorted({port.address for service in services for port in service.ports}),
        "closed": any(service.egress != "any" for service in services),
        "secrets": [{"name": secret.name, "owner": secret.owner} for secret in deployment.secrets],
        "cards": any(service.card_load for service in services),
    }
