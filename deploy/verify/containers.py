"""The stack's containers, networks and images as Docker describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from deploy.agent.docker.defaults import HostDefaults, host_defaults
from deploy.agent.docker.health_checks import STARTING, check_argv
from deploy.agent.line import Line
from deploy.deployment.service import Service
from deploy.stack import Stack
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal
from deploy.verify.docker.compared import differences
from deploy.verify.docker.networks import network_differences
from deploy.verify.docker.wanted import Made
from deploy.verify.evidence import HostEvidence

if TYPE_CHECKING:
    from docker import APIClient

LOG_LINES = 5000
SECONDS = 120
"""Timeout for Docker: a health check of a busy container takes its time."""


class Containers:
    """Asks the host's Docker once for each kind of object, over its socket."""

    def __init__(self, evidence: HostEvidence, docker: APIClient | None) -> None:
        self.evidence = evidence
        self.deployment = evidence.deployment
        self._docker = docker
        self._healths: dict[str, str | None] = {}
        self._networks: dict[str, dict[str, Any] | None] = {}

    @property
    def docker(self) -> APIClient:
        """The client of Docker; a NotAsPlannedError if Docker does not answer."""
        if self._docker is None:
            raise NotAsPlannedError("Docker does not answer on this host")
        return self._docker

    @cached_property
    def all(self) -> dict[str, dict[str, Any]]:
        """Every container of the stack by its name, planned or not."""
        listed = self.docker.containers(all=True, filters={"label": f"kit.stack={self.deployment.stack}"})
        inspected = (_inspected(self.docker.inspect_container, container["Id"]) for container in listed)
        return {container["Name"].lstrip("/"): container for container in inspected if container is not None}

    @cached_property
    def by_service(self) -> dict[str, dict[str, Any]]:
        """The stack's containers by their service."""
        return {container["Config"]["Labels"]["kit.service"]: container for container in self.all.values()}

    def of(self, service: Service) -> dict[str, Any]:
        """Return a service's container."""
        if service.name not in self.by_service:
            raise NotAsPlannedError(f"has no container; run `{Line('apply')}`")
        return self.by_service[service.name]

    def second_ones(self, service: Service) -> list[str]:
        """Return the names of a service's further containers: a service has one."""
        mine = self.of(service)["Id"]
        same = (
            (name, container["Id"]) for name, container in self.all.items() if _service_of(container) == service.name
        )
        return sorted(name for name, container in same if container != mine)

    def ensure_healthy(self, service: Service) -> None:
        """Raise if a service's container does not run, or is not healthy."""
        state = self.of(service)["State"]
        why = f"; Docker could not start it: {state['Error']}" if state.get("Error") else ""
        ensure(state["Running"], f"is {state['Status']}, exit code {state['ExitCode']}{why}")
        # Docker says of a paused container that it runs, and keeps its last health.
        ensure(not state.get("Paused"), f"is paused; `{Line('apply')}` makes its container anew")
        if service.name not in self._healths:
            self._healths[service.name] = self._health(service)
        ensure_equal(self._healths[service.name], "healthy", "health")

    def _health(self, service: Service) -> str | None:
        container = self.of(service)
        health: str | None = container["State"].get("Health", {}).get("Status")
        if health != STARTING:
            return health
        argv = check_argv(container["Config"].get("Healthcheck") or {})
        if not argv:
            return health
        # Docker's own first check comes after a whole interval; the same check now has the same result.
        return "healthy" if self.exit_code(container["Id"], argv) == 0 else health

    def exit_code(self, container: str, argv: list[str]) -> int | None:
        """Run a command in a container, and return its exit code; None if the container does not run."""
        from docker.errors import APIError

        try:
            made = self.docker.exec_create(container, argv)
            self.docker.exec_start(made["Id"])
            code: int | None = self.docker.exec_inspect(made["Id"])["ExitCode"]
        except APIError:
            return None
        return code

    def replaced_folders(self, service: Service) -> list[str]:
        """Return the folders that a service's container writes to and that their paths no longer lead to."""
        return self.evidence.replaced.get(self.of(service)["Id"], [])

    @cached_property
    def image_ids(self) -> dict[str, str]:
        """The ids of the images that the services should run, by reference."""
        return {tag: image["Id"] for image in self._images for tag in image["RepoTags"]}

    @cached_property
    def image_settings(self) -> dict[str, dict[str, Any]]:
        """The settings that images give their containers, by the images' ids."""
        return {image["Id"]: image.get("Config") or {} for image in self._images}

    @cached_property
    def _images(self) -> list[dict[str, Any]]:
        references = sorted({service.image.reference for service in self.deployment.services})
        inspected = (_inspected(self.docker.inspect_image, reference) for reference in references)
        return [image for image in inspected if image is not None]

    def ensure_configured(self, service: Service, release: dict[str, Any]) -> None:
        """Raise if a key of a container's configuration is neither the release's nor a default of Docker's."""
        container, others = self.of(service), self.second_ones(service)
        ensure(not others, f"{', '.join(others)} is a second container of it; remove it: docker rm --force")
        ensure(
            self.host_defaults.is_confined,
            "Docker keeps no system call from it; take `seccomp-profile: unconfined` out of its daemon.json or command"
            " line, and restart Docker",
        )
        block = release["services"].get(service.name)
        if block is None:
            raise NotAsPlannedError(f"is not part of the release that runs; run `{Line('apply')}`")
        image = self.image_settings.get(container["Image"])
        ensure(image is not None, f"runs an image that the release does not name; run `{Line('apply')}`")
        made = Made(Stack(self.deployment.stack).project, service.name, block, image or {}, self.host_defaults)
        differing = differences(made, container)
        ensure(not differing, f"{'; '.join(differing)}; `{Line('apply')}` makes the container anew")

    @cached_property
    def host_defaults(self) -> HostDefaults:
        """The settings that this host's Docker gives a container that asks for none."""
        return host_defaults(self.docker.info(), self.evidence.docker["settings"])

    def networks(self, service: Service) -> list[dict[str, Any]]:
        """Return the networks that a service's container is on."""
        joined = sorted(self.of(service)["NetworkSettings"]["Networks"])
        for name in joined:
            if name not in self._networks:
                self._networks[name] = _inspected(self.docker.inspect_network, name)
        return [network for name in joined if (network := self._networks[name]) is not None]

    def ensure_networks(self, service: Service, release: dict[str, Any]) -> None:
        """Raise if a network of a container differs from the release and from Docker's defaults."""
        blocks, differing = release.get("networks") or {}, []
        for network in self.networks(service):
            name = network["Name"]
            block = blocks.get(name.removeprefix(f"{Stack(self.deployment.stack).project}_"))
            differing += [f"{name}: {words}" for words in network_differences(network, block)]
        again = f"`{Line('down')}` and `{Line('apply')}` make it anew"
        cure = f"{again}, as soon as no `default-network-opts` of Docker's daemon.json says so"
        ensure(not differing, f"{'; '.join(differing)}; {cure}")

    def logs(self, service: Service) -> str:
        """Return the last lines that a service wrote."""
        printed: bytes = self.docker.logs(self.of(service)["Id"], tail=LOG_LINES)
        return printed.decode(errors="replace")


def _service_of(container: dict[str, Any]) -> str:
    return str(container["Config"]["Labels"]["kit.service"])


def _inspected(inspect: Callable[[str], dict[str, Any]], name: str) -> dict[str, Any] | None:
    """Inspect an object; a missing one is a finding of the check that needs it."""
    from docker.errors import NotFound

    try:
        return inspect(name)
    except NotFound:
        return None


@contextmanager
def docker_of(evidence: HostEvidence) -> Iterator[APIClient | None]:
    """Give a client of the host's Docker over its forwarded socket; None if Docker does not answer."""
    # It loads in a quarter of a second, while the agent collects the evidence.
    from docker import APIClient
    from docker.errors import DockerException

    with evidence.transport.forward_socket(evidence.docker["socket"]) as path:
        try:
            client = APIClient(base_url=f"unix://{path}", version="auto", timeout=SECONDS)
        except DockerException:
            yield None
            return
        # Containers are asked from threads as well, while pytest changes the environment that requests would read.
        client.trust_env = False
        with closing(client):
            yield client
