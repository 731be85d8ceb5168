"""Operation `docker`: checks that the installed Docker is new enough; changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.docker import installed
from deploy.agent.docker.versions import is_older
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.releases import DockerAnswer, DockerRequest

NEXT = "upgrade it with the tool that installed it, or remove Docker and apply again: kit then installs one that does"


def run(request: DockerRequest, _journal: Journal) -> DockerAnswer:
    """Return the versions of Docker and Compose; raise if either is missing or too old."""
    seen, _ = installed.observe(Path(request["root"]))
    engine, compose = seen["version"], seen["compose"]
    if not seen["server"] or not engine:
        raise AgentError(seen["problem"] or "Docker does not run", seen["next"] or "")
    if not compose:
        raise AgentError(
            "`docker compose` does not answer on this host", "check that its Compose plugin can be executed"
        )
    floors = request["floors"]
    for name, need, version in (
        ("Docker Engine", floors["engine"], engine),
        ("Docker Compose", floors["compose"], compose),
    ):
        if is_older(version, need):
            raise AgentError(f"{name} is too old: need {need}, have {version}", NEXT)
    return {"changed": False, "engine": engine, "compose": compose}
