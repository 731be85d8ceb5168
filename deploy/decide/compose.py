"""A service's block of the compose file, and the digest that detects a change of it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from deploy.deployment.host import Deployment
from deploy.deployment.service import FIRST_TIMES, Artifact, Mount, Service
from deploy.stack import Stack

ENTRY_POINT = Artifact("entrypoint/entrypoint.sh.j2", "entrypoint.sh", "/kit/entrypoint.sh")


INNER, PUBLISHED, OUTER = "inner", "published", "outer"


def networks() -> dict[str, Any]:
    """Return the stack's networks: one without a way out, one for published ports alone, one with a way out."""
    return {
        INNER: {"internal": True},
        PUBLISHED: {"driver_opts": {"com.docker.network.bridge.enable_ip_masquerade": "false"}},
        OUTER: {},
    }


def service_networks(service: Service) -> list[str]:
    """Return the networks that a service is on."""
    joined = [INNER]
    if service.egress == "any":
        joined.append(OUTER)
    elif service.ports:
        joined.append(PUBLISHED)
    return joined


def service_block(deployment: Deployment, service: Service, file_mounts: tuple[Mount, ...]) -> dict[str, Any]:
    """Return the compose file's block of one service, with its own digest among the labels."""
    whole = {**_process(service), **_storage(deployment, service, file_mounts), **_limits(service)}
    block = {key: _escaped(value) for key, value in whole.items() if value not in ([], {})}
    labels = {"kit.stack": deployment.stack, "kit.service": service.name, "kit.digest": block_digest(block)}
    return {**block, "labels": labels}


def block_digest(block: dict[str, Any]) -> str:
    """Return the digest of a service's rendered block without its health timing."""
    counted = {**block, "healthcheck": {**block["healthcheck"], **FIRST_TIMES}}
    return hashlib.sha256(json.dumps(counted, sort_keys=True).encode()).hexdigest()


def name_options(service: Service) -> list[str]:
    """Return the DNS options of a service: a stopped part has no name, and Docker asks the host's server.

    Where nobody answers there, each question took ten seconds before another engine was tried.
    """
    return ["timeout:1", "attempts:1"] if service.egress == "none" else []


def _process(service: Service) -> dict[str, object]:
    entry = ["/bin/sh", ENTRY_POINT.container_path] if service.secrets else []
    return {
        "image": service.image.reference,
        "entrypoint": entry or list(service.argv),
        "command": list(service.argv) if entry else [],
        "user": str(service.owner),
        "environment": dict(service.environment),
        "init": True,
        "restart": "unless-stopped",
        "stop_grace_period": f"{service.stop_seconds}s",
        "healthcheck": {
            "test": ["CMD", *service.probe.argv],
            "interval": f"{service.probe.interval_seconds}s",
            "timeout": f"{service.probe.timeout_seconds}s",
            "retries": service.probe.retries,
            "start_period": f"{service.probe.start_period_seconds}s",
        },
    }


def _storage(deployment: Deployment, service: Service, file_mounts: tuple[Mount, ...]) -> dict[str, object]:
    secrets = tuple(
        Mount(Stack(deployment.stack).secret(service.name, use.secret.name), f"/run/secrets/{use.variable}")
        for use in service.secrets
    )
    return {
        "volumes": [_bind(mount) for mount in (*service.mounts, *file_mounts, *secrets)],
        "tmpfs": [f"{tmpfs.container_path}:size={tmpfs.size_bytes},mode={tmpfs.mode}" for tmpfs in service.tmpfs],
        "networks": service_networks(service),
        "dns_opt": name_options(service),
        "ports": [
            {
                "host_ip": port.address,
                "published": str(port.host_port),
                "target": port.container_port,
                "protocol": "tcp",
            }
            for port in service.ports
        ],
    }


def _bind(mount: Mount) -> dict[str, object]:
    return {
        "type": "bind",
        "source": mount.host_path,
        "target": mount.container_path,
        "read_only": mount.read_only,
        "bind": {"create_host_path": False},
    }


def _limits(service: Service) -> dict[str, object]:
    return {
        "read_only": service.read_only,
        "security_opt": ["no-new-privileges:true"],
        "cap_drop": ["ALL"],
        "cap_add": [capability.name for capability in service.capabilities],
        "devices": [f"{device.host_path}:{device.host_path}" for device in service.host_devices],
        "deploy": _reserved(service),
        "group_add": [str(group) for group in service.groups],
        "mem_limit": service.memory_bytes,
        "pids_limit": service.pids,
        "sysctls": dict(service.sysctls),
        "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    }


def _reserved(service: Service) -> dict[str, object]:
    """Return the cards that a service asks a driver for: all of them, or those named, never both."""
    devices = [
        {
            "driver": request.driver,
            "capabilities": list(request.capabilities),
            **({"device_ids": list(request.device_ids)} if request.device_ids else {"count": "all"}),
        }
        for request in service.device_requests
    ]
    return {"resources": {"reservations": {"devices": devices}}} if devices else {}


def _escaped(value: object) -> object:
    """Return a value with every '$' doubled: compose would read it as a variable."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value
