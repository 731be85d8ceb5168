"""Failures of a host as they are now: backups, services, disks and cards."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.backup_runs import troubles as backup_troubles
from deploy.agent.contract.hardware import is_silent
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import amount
from deploy.agent.observing.cards import observe as observe_cards
from deploy.agent.observing.hardware import devices
from deploy.agent.observing.wsl import networking_mode
from deploy.agent.releases.running import stopped_services
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import observe
from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Service
    from deploy.agent.contract.failures import Trouble
    from deploy.agent.contract.hardware import Nvidia

FULL_SHARE, FULL_BYTES = 0.05, 10 * 2**30
"""A disk is full with less than this share free, and less than these bytes."""
DOCKER_FOLDER = "/var/lib/docker"


def troubles(root: Path, stack: str) -> Iterator[Trouble]:
    """Yield every failure that lasts."""
    services = deployed(root / "current").get("services", [])
    yield from _backups(root)
    yield from _services(root, stack, services)
    yield from _disks(root, services)
    yield from _cards(services)


def _backups(root: Path) -> Iterator[Trouble]:
    backup = read_json(root / "current" / "backup.json")
    if backup is not None:
        for about, problem in backup_troubles(observe(root), time.time()):
            yield _trouble("backup", f"{about}, {backup['repository']}", problem)


def _services(root: Path, stack: str, services: list[Service]) -> Iterator[Trouble]:
    try:
        containers = of_stack(Docker().containers({"kit.stack": stack}), stack)
    except AgentError as problem:
        yield _trouble("service", "docker", f"Docker does not answer: {problem.problem}")
        return
    asleep = stopped_services(root)
    for name in (service["name"] for service in services if service["name"] not in asleep):
        container = containers.get(name)
        if container is None:
            yield _trouble("service", name, f"{name} has no container any more")
        elif container["State"] != "running":
            yield _trouble("service", name, f"{name} does not run: {container['State']}")
        elif "(unhealthy)" in container.get("Status", ""):
            yield _trouble("service", name, f"{name} runs and is unhealthy")


def _disks(root: Path, services: list[Service]) -> Iterator[Trouble]:
    import shutil

    folders = [folder["host_path"] for service in services for folder in service.get("folders", [])]
    told: set[int] = set()
    for path in map(Path, [str(root), DOCKER_FOLDER, *sorted(folders)]):
        if not path.is_dir() or path.stat().st_dev in told:
            continue
        usage = shutil.disk_usage(path)
        if usage.free < min(FULL_SHARE * usage.total, FULL_BYTES):
            told.add(path.stat().st_dev)
            yield _trouble("disk", str(path), f"the disk of {path} has {amount(usage.free)} left")


def _cards(services: list[Service]) -> Iterator[Trouble]:
    wanted = [(service["name"], device) for service in services for device in service.get("devices", [])]
    seen, nvidia = observe_cards() if wanted else ([], None)
    vendors = {card["vendor"] for card in seen}
    for name, device in wanted:
        if "vendor" in device and device["vendor"] not in vendors:
            yield _trouble("card", name, f"the card of {device['vendor']} that {name} uses is gone")
        elif device.get("vendor") == "nvidia" and nvidia is not None and _is_silent(nvidia):
            words = nvidia["problem"] or "it is not loaded"
            yield _trouble("card", name, f"NVIDIA's driver gives {name} no card: {words}")
        elif "nodes" in device and not devices(device["nodes"]):
            yield _trouble("card", name, f"the card behind {device['nodes']} that {name} uses is gone")


def _is_silent(nvidia: Nvidia) -> bool:
    return is_silent(nvidia["module"], nvidia["problem"], is_wsl=networking_mode() is not None)


def _trouble(kind: str, subject: str, problem: str) -> Trouble:
    return {"kind": kind, "subject": subject, "problem": problem}
