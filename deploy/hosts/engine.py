"""How the docker command is made to ask the engine that the agent asks."""

from __future__ import annotations

from collections.abc import Mapping

from deploy.agent.docker.api import socket_path


def docker_environment(base: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which no context and no variable of a person's leads docker to another machine."""
    kept = {name: value for name, value in base.items() if not name.startswith("DOCKER_") or name == "DOCKER_CONFIG"}
    return kept | {"DOCKER_HOST": f"unix://{socket_path()}"}
