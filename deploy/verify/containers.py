"""The stack's containers, networks and images as Docker describes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from typing import Any

from docker import APIClient
from docker.errors import APIError, DockerException, NotFound

from deploy.agent.docker.defaults import HostDefaults, host_defaults
from deploy.agent.docker.health_checks import STARTING, check_argv
from deploy.agent.line import Line
from deploy.deployment.service import Service
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal
from deploy.verify.docker.compared import differences
from deploy.verify.docker.networks import network_differences
from deploy.verify.docker.wanted import Made
from deploy.verify.seen import Seen

LOG_LINES = 5000
SECONDS = 120
"""How long Docker may be silent; a health check of a busy container takes its time."""


class Containers:
    """Asks the host's Docker once for each kind of thing, over its socket."""

    def __init__(self, seen: Seen, docker: APIClient | None) -> None:
        self.seen = seen
        self.deployment = seen.deployment
        self._docker = docker
        self._healths: dict[str, str | None] = {}

    @property
    def docker(self) -> APIClient:
        """The engine; a NotAsPlannedError where there is none."""
        if self._docker is None:
            raise NotAsPlannedError("Docker does not answer on this host")
        return self._docker

    @cached_property
    def all(self) -> dict[str, dict[str, Any]]:
        """Every container of the stack by its name, planned or not."""
        listed = self.docker.containers(all=True, filters={"label": f"kit.stack={self.deployment.stack}"})
        found = (self._found(self.docker.inspect_container, one["Id"]) for one in listed)
        return {one["Name"].lstrip("/"): one for one in found if one is not None}

    @cached_property
    def by_service(self) -> dict[str, dict[str, Any]]:
        """The stack's containers by their service."""
        return {one["Config"]["Labels"]["kit.service"]: one for one in self.all.values()}

    def of(self, service: Service) -> dict[str, Any]:
        """Return a service's container."""
        if service.name not in self.by_service:
            raise NotAsPlannedError(f"has no container; run `{Line('apply')}`")
        return self.by_service[service.name]

    def second_ones(self, service: Service) -> list[str]:
        """Return the names of a service's containers beyond the one that is looked at."""
        mine = self.of(service)["Id"]
        named = sorted(self.all.items())
        return [n for n, one in named if one["Config"]["Labels"]["kit.service"] == service.name and one["Id"] != mine]

    def ensure_healthy(self, service: Service) -> None:
        """Raise where a service's container does not run, or is not healthy."""
        state = self.of(service)["State"]
        why = f"; Docker could not start it: {state['Error']}" if state.get("Error") else ""
        ensure(state["Running"], f"is {state['Status']}, exit code {state['ExitCode']}{why}")
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
        # Docker's own first check comes after a whole interval; the same one says now what that will find.
        return "healthy" if self.exit_code(container["Id"], argv) == 0 else health

    def exit_code(self, container: str, argv: list[str]) -> int | None:
        """Run a command in a container, and return its exit code."""
        try:
            made = self.docker.exec_create(container, argv)
            self.docker.exec_start(made["Id"])
            code: int | None = self.docker.exec_inspect(made["Id"])["ExitCode"]
        except APIError:
            # A container that does not run can run nothing.
            return None
        return code

    def replaced_folders(self, service: Service) -> list[str]:
        """Return the folders that a service's container writes to and that their paths no longer lead to."""
        found: dict[str, list[str]] = self.seen.part("replaced")
        return found.get(self.of(service)["Id"], [])

    @cached_property
    def image_ids(self) -> dict[str, str]:
        """The images that the services shall run, by reference."""
        return {tag: one["Id"] for one in self._images for tag in one["RepoTags"]}

    @cached_property
    def image_settings(self) -> dict[str, dict[str, Any]]:
        """What the images say of their containers, by the images' ids."""
        return {one["Id"]: one.get("Config") or {} for one in self._images}

    @cached_property
    def _images(self) -> list[dict[str, Any]]:
        references = sorted({service.image.reference for service in self.deployment.services})
        found = (self._found(self.docker.inspect_image, reference) for reference in references)
        return [one for one in found if one is not None]

    def ensure_configured(self, service: Service, release: dict[str, Any]) -> None:
        """Raise where any key of a container's configuration is neither the release's nor a default of Docker's."""
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
        made = Made(self.deployment.project, service.name, block, image or {}, self.host_defaults)
        found = differences(made, container)
        ensure(not found, f"{'; '.join(found)}; `{Line('apply')}` makes the container anew")

    @cached_property
    def host_defaults(self) -> HostDefaults:
        """What this host's Docker fills in where nobody says anything."""
        return host_defaults(self.docker.info(), self.seen.part("docker")["settings"])

    def networks(self, service: Service) -> list[dict[str, Any]]:
        """Return the networks that a service's container is on."""
        joined = sorted(self.of(service)["NetworkSettings"]["Networks"])
        found = (self._found(self.docker.inspect_network, name) for name in joined)
        return [one for one in found if one is not None]

    def ensure_networks(self, service: Service, release: dict[str, Any]) -> None:
        """Raise where a network of a container has what neither the release says nor Docker does by itself."""
        blocks, found = release.get("networks") or {}, []
        for one in self.networks(service):
            short = one["Name"].removeprefix(f"{self.deployment.project}_")
            found += [f"{one['Name']}: {words}" for words in network_differences(one, blocks.get(short))]
        again = f"`{Line('down')}` and `{Line('apply')}` make it anew"
        cure = f"{again}, as soon as no `default-network-opts` of Docker's daemon.json says so"
        ensure(not found, f"{'; '.join(found)}; {cure}")

    def logs(self, service: Service) -> str:
        """Return the last lines that a service wrote."""
        printed: bytes = self.docker.logs(self.of(service)["Id"], tail=LOG_LINES)
        return printed.decode(errors="replace")

    def _found(self, inspect: Callable[[str], dict[str, Any]], name: str) -> dict[str, Any] | None:
        try:
            return inspect(name)
        except NotFound:
            # What is missing is a check's own finding.
            return None


@contextmanager
def docker_of(seen: Seen) -> Iterator[APIClient | None]:
    """Give the host's Docker engine over its forwarded socket; None where none answers."""
    with seen.transport.forward_socket(seen.part("docker")["socket"]) as path:
        try:
            client = APIClient(base_url=f"unix://{path}", version="auto", timeout=SECONDS)
        except DockerException:
            yield None
            return
        with closing(client):
            yield client
