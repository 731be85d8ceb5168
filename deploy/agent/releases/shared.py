"""Paths that all stacks of a host share: they stay when one stack is destroyed."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.kit_folders import AGENTS, CACHE, INSTALLED_DOCKER, TOOLS
from deploy.agent.remembered import read_json


def shared_places(places: tuple[Path, ...] = (CACHE, AGENTS, TOOLS)) -> list[str]:
    """Return the folders that are there, for a person who removes a stack."""
    return [str(path) for path in places if path.exists()]


def docker_packages(marker: Path = INSTALLED_DOCKER) -> list[str]:
    """Return the Debian packages that the kit installed for Docker; none where Docker is not the kit's."""
    return list((read_json(marker) or {}).get("packages", []))
