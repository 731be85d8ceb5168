"""The ports of containers: those on which a stack's listen, and those that it and other containers publish."""

from __future__ import annotations

from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.sockets import listening

if TYPE_CHECKING:
    from deploy.agent.contract.containers import ContainerPorts
    from deploy.agent.docker.api import Docker

PROCESSES = Path("/proc")


def container_ports(docker: Docker, stack: str) -> ContainerPorts:
    """Return the ports of the containers that run."""
    listed = docker.containers()
    own = [container for container in listed if (container["Labels"] or {}).get("kit.stack") == stack]
    others = [container for container in listed if container not in own]
    return {
        "inner": sorted({port for container in own for port in _inner(docker.container(container["Id"]))}),
        "published": _published(own),
        "foreign": sorted({port for ports in _published(others).values() for port in ports}),
    }


def _inner(container: dict[str, Any] | None) -> list[int]:
    """Return the ports on which a container listens for others; none where its processes are on another machine."""
    pid = container["State"]["Pid"] if container else 0
    places = listening(PROCESSES / str(pid) / "net") if pid else {}
    # Docker's own name server of a container listens on a loopback address.
    return [port for address, port in places if not ip_address(address).is_loopback]


def _published(containers: list[dict[str, Any]]) -> dict[str, list[int]]:
    """Return the published ports by address."""
    published: dict[str, set[int]] = {}
    for binding in (binding for container in containers for binding in container["Ports"] or []):
        if binding.get("PublicPort"):
            # Docker names no address where all of them are meant, as for a service of Swarm.
            published.setdefault(binding.get("IP") or "0.0.0.0", set()).add(binding["PublicPort"])
    return {address: sorted(ports) for address, ports in published.items()}
