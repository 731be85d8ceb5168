"""A restored part, opened by its own application in a second container, and asked for what people had in it."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from deploy.agent.backups.fetched import HOST_SECRETS, Fetched
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack
from deploy.agent.docker.twin import address_of, twin, wait_until_ready
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.decided import data_of, decided_service
from deploy.agent.rooms import call_room, has_operation


def findings_in(root: Path, stack: str, service: str, parts: Iterable[Fetched], journal: Journal) -> list[str]:
    """Start a service's application on its restored part; return what it found there, in words."""
    by_name = {part.place.part: part for part in parts}
    decided = decided_service(root, service)
    if decided is None or not has_operation(decided["kind"], "drill"):
        return ["checked, and opened by no application"]
    docker, live = Docker(), Path(data_of(decided)["host_path"])
    data, secrets = by_name[service].data, by_name[HOST_SECRETS].data
    _own(live, data)
    folders = {live: data, root / "secrets": secrets / "secrets"}
    with twin(docker, _inspected(docker, stack, service), folders, stack) as container:
        try:
            wait_until_ready(docker, container, float(decided["health_timeout_seconds"]), secrets, journal)
            address = address_of(docker, container, decided["ports"][0]["container_port"])
            asked: dict[str, object] = {"name": service, "room": decided["room"], "path": str(data), "address": address}
            return [
                str(words) for words in call_room(decided["kind"], "drill", asked, str(secrets), journal)["findings"]
            ]
        except AgentError as problem:
            raise AgentError(
                f"{service} does not run on the restored data: {problem.problem}",
                f"what runs is untouched; try an older backup: `{Line('backup', 'drill')}`",
            ) from problem


def _inspected(docker: Docker, stack: str, service: str) -> dict[str, Any]:
    listed = of_stack(docker.containers({"kit.stack": stack}), stack).get(service)
    inspected = docker.container(listed["Id"]) if listed else None
    if inspected is None:
        raise AgentError(f"there is no container of {service} on this host", f"`{Line('apply')}` makes it")
    return inspected


def _own(live: Path, data: Path) -> None:
    """Give the folder of the restored data the owner and mode of the live one, which no backup holds."""
    status = live.stat()
    os.chown(data, status.st_uid, status.st_gid)
    data.chmod(status.st_mode & 0o7777)
