"""Operation `docker`: checks that the installed Docker is new enough; changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.docker import installed as engine
from deploy.agent.docker.versions import is_older
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

NEXT = "upgrade it with the tool that installed it, or remove Docker and apply again: kit then installs one that does"


def run(request: dict[str, Any], _journal: Journal) -> dict[str, Any]:
    """Return the versions of Docker and Compose; raise if either is missing or too old."""
    seen = engine.observe(Path(request["root"]))
    if not seen["server"]:
        raise AgentError(seen["problem"], seen["next"])
    if not seen["compose"]:
        raise AgentError(
            "`docker compose` does not answer on this host", "check that its Compose plugin can be executed"
        )
    versions = {"Docker Engine": seen["version"], "Docker Compose": seen["compose"]}
    for name, need in zip(versions, (request["floors"]["engine"], request["floors"]["compose"])):
        if is_older(versions[name], need):
            raise AgentError(f"{name} is too old: need {need}, have {versions[name]}", NEXT)
    return {"changed": False, "engine": seen["version"], "compose": seen["compose"]}
