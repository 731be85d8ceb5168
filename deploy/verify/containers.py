"""The stack's containers, networks and images as Docker describes them."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from testinfra.host import Host

from deploy.agent.line import Line
from deploy.deployment import Deployment, Service
from deploy.verify.checks import NotAsPlannedError, ensure, ensure_equal

LOG_LINES = 5000


class Containers:
    """Asks the host's Docker once for each kind of thing."""

    def __init__(self, host: Host, deployment: Deployment) -> None:
        self.host = host
        self.deployment = deployment

    @cached_property
    def all(self) -> dict[str, dict[str, Any]]:
        """Every container of the stack by its name, planned or not."""
        ids = self._lines("docker ps --all --quiet --no-trunc --filter label=kit.stack=%s", self.deployment.stack)
        return {one["Name"].lstrip("/"): one for one in self._inspected("container", ids)}

    @cached_property
    def by_service(self) -> dict[str, dict[str, Any]]:
        """The stack's containers by their service."""
        return {one["Config"]["Labels"]["kit.service"]: one for one in self.all.values()}

    def of(self, service: Service) -> dict[str, Any]:
        """Return a service's container."""
        if service.name not in self.by_service:
            raise NotAsPlannedError(f"has no container; run `{Line('apply')}`")
        return self.by_service[service.name]

    def ensure_healthy(self, service: Service) -> None:
        """Raise where a service's container does not run, or is not healthy."""
        state = self.of(service)["State"]
        ensure(state["Running"], f"is {state['Status']}, exit code {state['ExitCode']}")
        ensure_equal(state.get("Health", {}).get("Status"), "healthy", "health")

    @cached_property
    def image_ids(self) -> dict[str, str]:
        """The images that the services shall run, by reference."""
        references = sorted({service.image.reference for service in self.deployment.services})
        found = self._inspected("image", references)
        return {tag: one["Id"] for one in found for tag in one["RepoTags"]}

    def networks(self, service: Service) -> list[dict[str, Any]]:
        """Return the networks that a service's container is on."""
        return self._inspected("network", sorted(self.of(service)["NetworkSettings"]["Networks"]))

    def logs(self, service: Service) -> str:
        """Return the last lines that a service wrote."""
        found = self.host.run("docker logs --tail %s %s", str(LOG_LINES), self.of(service)["Id"])
        return str(found.stdout + found.stderr)

    def _inspected(self, kind: str, names: list[str]) -> list[dict[str, Any]]:
        if not names:
            return []
        # What is missing is a check's own finding: it has no entry in the answer.
        command = " ".join(["docker", kind, "inspect", *("%s" for _ in names)])
        found: list[dict[str, Any]] = json.loads(self.host.run(command, *names).stdout or "[]")
        return found

    def _lines(self, command: str, *arguments: str) -> list[str]:
        found = self.host.run(command, *arguments)
        if found.rc != 0:
            raise NotAsPlannedError(f"Docker does not answer: {found.stderr.strip()}")
        return str(found.stdout).split()
