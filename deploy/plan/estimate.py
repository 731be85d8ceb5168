"""Downloads, disk space and duration of the operations, estimated before the first apply."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.host import Deployment
from deploy.deployment.image import Image
from deploy.plan.operation import Operation
from deploy.sources.given import kind_of
from deploy.stack import CACHE

# Measured on two cores with a near mirror: a root filesystem of Debian, and wheels as they unpack.
ROOT_DOWNLOAD = 60 * 2**20
ROOT_DISK = 350 * 2**20
UNPACKED = 7
PULLED = 2.5
"""Factor from a layer's download to its size on disk."""
DOWNLOAD_PER_SECOND = 12 * 2**20
COPY_PER_SECOND = 200 * 2**20
IMAGE_SECONDS = 35
START_SECONDS = 45
ENGINE_SECONDS = 30


@dataclass(frozen=True)
class Estimate:
    """Bytes and seconds of a plan, not rounded."""

    download_bytes: int
    disk_bytes: int
    seconds: int


def estimate(deployment: Deployment, operations: tuple[Operation, ...]) -> Estimate:
    """Estimate from sizes in the lock and figures measured once."""
    building = {operation.service for operation in operations if operation.action == "build"}
    receiving = {operation.service for operation in operations if operation.action == "receive"}
    arriving = [service.image for service in deployment.services if service.name in receiving]
    fetching = {operation.resource.split(" ", 1)[1] for operation in operations if operation.action == "fetch"}
    wheels = sum(service.image.download_bytes for service in deployment.services if service.name in building)
    pulling = {
        operation.service for operation in operations if operation.action == "pull" and operation.step == "images"
    }
    layers = sum(service.image.download_bytes for service in deployment.services if service.name in pulling)
    wanted = [model for model in deployment.models if model.name in fetching]
    models = sum(model.size_bytes for model in wanted if not kind_of(model.source).is_beside_spec)
    copied = sum(model.size_bytes for model in wanted if kind_of(model.source).is_beside_spec)
    models_made = sum(operation.download_bytes for operation in operations)
    # What is staged is gone when the model is there.
    kept = sum(size for operation in operations for place, size in operation.written if place != CACHE)
    download = wheels + layers + models + models_made + ROOT_DOWNLOAD * len(building)
    starts = any(operation.resource.startswith("service ") for operation in operations)
    installs = any(operation.action == "install" for operation in operations)
    return Estimate(
        download_bytes=download,
        disk_bytes=wheels * UNPACKED
        + int(layers * PULLED)
        + models * 2
        + copied
        + kept
        + ROOT_DISK * len(building)
        + sum(map(_disk_of, arriving)),
        seconds=download // DOWNLOAD_PER_SECOND
        + (kept + copied) // COPY_PER_SECOND
        + IMAGE_SECONDS * len(building)
        + START_SECONDS * starts
        + ENGINE_SECONDS * installs,
    )


def _disk_of(image: Image) -> int:
    """Return the disk of an image that comes from another host, at most: only missing layers come."""
    if image.source == "build":
        return image.download_bytes * UNPACKED + ROOT_DISK
    return int(image.download_bytes * PULLED)
