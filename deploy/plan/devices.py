"""Devices that containers need: they must exist, and a service that is not root must be able to open them."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.errors import typed
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import DeviceNode
from deploy.words import host_words, on_host


def device_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield every device that is missing, or closed to its service."""
    host = host_words(observation.host)
    vendors = {card.vendor for card in observation.cards}
    for service in deployment.services:
        for request in service.device_requests:
            if request.vendor not in vendors:
                yield f"{service.name} needs a card of {request.vendor}, and {host} has none", request.next_step
        seen: list[DeviceNode] = []
        for device in service.host_devices:
            nodes = observation.devices.get(device.nodes, ())
            seen += nodes
            if not nodes:
                yield f"{service.name} needs {device.nodes}, and {host} has none", device.next_step
        yield from _closed(service, seen, observation.host)


def _closed(service: Service, nodes: list[DeviceNode], host: str) -> Iterator[tuple[str, str]]:
    uid, own = service.owner.uid, service.owner.gid
    closed = [node for node in nodes if not node.is_open_to(uid, {own, *service.groups})]
    # Root's own group would open more than a card.
    by_group = [node for node in closed if node.gid and node.is_open_to(uid, {node.gid})]
    if by_group:
        wanted = {node.gid for node in nodes if node.gid and not node.is_open_to(uid, {own})}
        listed = ", ".join(str(gid) for gid in sorted(wanted))
        belongs = ", ".join(f"{node.path} belongs to group {node.gid}" for node in by_group)
        yield (
            f"{service.name} may not open its devices: {belongs} on {host_words(host)}",
            f"write `gpu_groups: [{listed}]` at {service.name} in kit.yaml",
        )
    for node in closed:
        if node not in by_group:
            held, path = f"mode {node.mode}, group {node.gid}", typed(node.path)
            yield (
                f"{service.name} may not open {node.path}: no group but root's may ({held})",
                f"type{on_host(host)}: chgrp render {path} && chmod 0660 {path}; a rule of udev keeps it so",
            )
