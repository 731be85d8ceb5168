"""Containers from outside a stack that reach into it: by its networks, namespaces, volumes or files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.kit_folders import project_of

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Attached, Attaching
    from deploy.agent.docker.api import Docker

NAMESPACES: dict[str, Attaching] = {
    "NetworkMode": "shares_network",
    "PidMode": "shares_processes",
    "IpcMode": "shares_memory",
}
"""Keys of a container's settings that can name another container, with the way in that they open."""
OTHER = "container:"


def attached(
    docker: Docker, listed: Sequence[dict[str, Any]], stack: str, root: Path, *, inspect: bool
) -> list[Attached]:
    """Return each way in which a container from outside reaches into a stack, whether it runs or not.

    A list of containers has their networks and mounts; the other namespaces take an inspection of each container.
    """
    own = {container["Id"]: _name(container) for container in listed if _is_of(container, stack)}
    foreign = sorted((container for container in listed if container["Id"] not in own), key=_name)
    if not foreign:
        return []
    labels = {"com.docker.compose.project": project_of(stack)}
    networks = {network["Name"] for network in docker.networks(labels)}
    ways: list[Attached] = []
    for container in foreign:
        settings = (docker.container(container["Id"]) if inspect else None) or container
        shared = _shared(settings.get("HostConfig") or {}, own)
        reached = (*_joined(container, networks), *shared, *_mounted(container, root))
        ways += [{"container": _name(container), "way": way, "into": into} for way, into in reached]
    return ways


def _joined(container: dict[str, Any], networks: set[str]) -> Iterator[tuple[Attaching, str]]:
    joined = (container.get("NetworkSettings") or {}).get("Networks") or {}
    return (("joins", name) for name in sorted(networks & joined.keys()))


def _shared(settings: dict[str, Any], own: dict[str, str]) -> Iterator[tuple[Attaching, str]]:
    for key, way in NAMESPACES.items():
        mode = str(settings.get(key) or "")
        if mode.startswith(OTHER) and (name := _named(mode[len(OTHER) :], own)):
            yield way, name
    for source in settings.get("VolumesFrom") or []:
        if name := _named(source.partition(":")[0], own):
            yield "takes_volumes", name


def _named(word: str, own: dict[str, str]) -> str | None:
    """Return the stack's container that an id, its beginning or a name means."""
    word = word.lstrip("/")
    return next((name for id_, name in own.items() if word and (id_.startswith(word) or name == word)), None)


def _mounted(container: dict[str, Any], root: Path) -> Iterator[tuple[Attaching, str]]:
    sources = {Path(mount.get("Source") or "") for mount in container.get("Mounts") or []}
    return (("mounts", str(source)) for source in sorted(sources) if root in (source, *source.parents))


def _is_of(container: dict[str, Any], stack: str) -> bool:
    return (container["Labels"] or {}).get("kit.stack") == stack


def _name(container: dict[str, Any]) -> str:
    return str((container["Names"] or [container["Id"][:12]])[0]).lstrip("/")
