"""Containers as a probe describes them, read into typed values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.hosts.observation.seen import Container

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Container as ContainerAnswer


def read_container(seen: ContainerAnswer) -> Container:
    """Read a container of a service."""
    return Container(
        id=seen["id"],
        image=seen["image"],
        image_id=seen["image_id"],
        state=seen["state"],
        health=seen["health"],
        exit_code=seen["exit_code"],
        restarts=seen["restarts"],
        labels=seen["labels"],
        started_at=seen["started_at"],
        ports=tuple(seen["ports"]),
        lost_networks=tuple(seen["lost_networks"]),
        replaced_folders=tuple(seen["replaced_folders"]),
        recreated=seen["recreated"],
        changed=tuple(seen["changed"]),
        defaults=tuple(seen["defaults"]),
        proxies=tuple(seen["proxies"]),
        error=seen["error"],
        trouble=seen.get("trouble", ""),
        log=tuple(seen.get("log", ())),
    )
