"""Disk space of the operations, place by place, checked against each file system before anything starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from deploy.agent.inputs.disk import amount, not_enough, with_margin
from deploy.agent.inputs.layers import ROOM_PER_BYTE, room_of_images
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Disk
from deploy.plan.docker import is_unseen
from deploy.plan.operation import Operation
from deploy.sources.given import kind_of
from deploy.stack import CACHE, Stack

DOCKER_ROOT = "/var/lib/docker"
RELEASE_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Need:
    """Bytes that a place must have, at the time of its peak."""

    path: str
    size_bytes: int
    purpose: str


def disk_refusals(
    deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]
) -> Iterator[tuple[str, str]]:
    """Yield each file system without enough space; the needs on one file system are added up."""
    by_device: dict[int, tuple[int, list[Need]]] = {}
    for need in needs(deployment, observation, operations):
        disk = disk_of(observation, need.path)
        if disk is not None:
            free, before = by_device.get(disk.device, (disk.free_bytes, []))
            by_device[disk.device] = (min(free, disk.free_bytes), [*before, need])
    for free, wanted in by_device.values():
        size = sum(need.size_bytes for need in wanted)
        total = with_margin(size)
        if total > free:
            yield _refusal(wanted, total, free)


def _refusal(wanted: list[Need], total: int, free: int) -> tuple[str, str]:
    paths = ", ".join(dict.fromkeys(need.path for need in wanted))
    purposes = " and ".join(dict.fromkeys(need.purpose for need in wanted))
    problem = not_enough(paths, purposes, total, free)
    return problem, f"free {amount(total - free)} there, then run the same command again"


def needs(deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]) -> Iterator[Need]:
    """Yield the disk space of the operations; if it is unknown now, the agent counts before it begins."""
    yield from _images(deployment, observation, operations)
    for operation in operations:
        yield from (Need(path, size, operation.resource) for path, size in operation.written if path != CACHE)
        word = operation.resource.partition(" ")[0]
        if word == "model":
            yield from _model(deployment, operation)
        elif word == "release" and operation.action == "place":
            yield Need(Stack(deployment.stack).root, RELEASE_BYTES, "the release")
    yield from _staged(operations)


def _staged(operations: tuple[Operation, ...]) -> Iterator[Need]:
    """Yield the largest of the temporary needs that follow one another, place by place."""
    by_place: dict[str, list[tuple[int, str]]] = {}
    for operation in operations:
        for path, size in (*operation.passing, *(written for written in operation.written if written[0] == CACHE)):
            by_place.setdefault(path, []).append((size, operation.resource))
    for path, staged in by_place.items():
        size, purpose = max(staged)
        yield Need(path, size, purpose)


def _images(deployment: Deployment, observation: Observation, operations: tuple[Operation, ...]) -> Iterator[Need]:
    """Yield the disk space of images in the cache and at Docker, as the agent counts it."""
    if is_unseen(observation):
        return
    engine = observation.docker.root or DOCKER_ROOT
    named = [operation for operation in operations if operation.resource.startswith("image ")]
    wanted = [(operation, deployment.service(operation.service).image) for operation in named]
    built = [operation for operation, _ in wanted if operation.action == "build"]
    made = [image.layers for operation, image in wanted if operation.action == "build"]
    for operation, (making, given) in zip(built, room_of_images(made, observation.cached_layers), strict=True):
        yield Need(CACHE, making, operation.resource)
        yield Need(engine, given, operation.resource)
    for operation, image in wanted:
        if image.source != "build":
            yield Need(engine, int(ROOM_PER_BYTE * image.download_bytes), operation.resource)
        elif operation.action == "receive":
            # Docker alone needs room: nothing is made here. The agent counts again, for only missing layers come.
            ((_, given),) = room_of_images([image.layers], observation.cached_layers)
            yield Need(engine, given, operation.resource)


def _model(deployment: Deployment, operation: Operation) -> Iterator[Need]:
    for model in deployment.models:
        if operation.resource == f"model {model.name}" and operation.service == model.service:
            yield Need(str(PurePosixPath(model.host_path).parent), model.size_bytes, f"model {model.name}")
            yield Need(CACHE, kind_of(model.source).staged * model.size_bytes, f"model {model.name}")


def disk_of(observation: Observation, path: str) -> Disk | None:
    """Return the file system of a path, by the nearest place above it in the observation."""
    above = [place for place in observation.disks if path == place or path.startswith(f"{place.rstrip('/')}/")]
    return observation.disks[max(above, key=len)] if above else None
