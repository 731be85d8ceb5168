"""The layers of an assembled image and their disk usage: the only such count, for plan and agent."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import BuiltImage

ASSEMBLER = 1
PLATFORM = "x86_64-manylinux_2_36"
# Measured: a root filesystem with Python or llama.cpp is 103 to 113 MB; wheels grow 3.1 to 3.4 times when unpacked.
ROOT_BYTES = 130 * 2**20
UNPACKED_PER_WHEEL_BYTE = 3.5
# Measured: 70 MB for a gateway, about as much of sources.
BYTECODE_BYTES = 90 * 2**20

ROOM_PER_BYTE = 3.5
"""Disk usage per byte of a registry's layer, fetched and unpacked."""


@dataclass(frozen=True)
class LayerSize:
    """One layer by its name in the cache, with its sizes in bytes."""

    key: str
    size_bytes: int
    """Size of its tar, and about that of its content."""
    making_bytes: int
    """Space in the cache while it is made."""


def image_layers(image: BuiltImage) -> tuple[LayerSize, ...]:
    """Return the layers of an image in a request of the operation `image`."""
    layers = [LayerSize(root_key(image), ROOT_BYTES, 2 * ROOT_BYTES)]
    if image["wheels"]:
        size = int(UNPACKED_PER_WHEEL_BYTE * sum(wheel["size"] for wheel in image["wheels"]))
        layers.append(LayerSize(wheels_key(image), size, 2 * size))
    if image.get("bytecode"):
        # It is compiled in a root filesystem of its own, beside the sources.
        layers.append(LayerSize(bytecode_key(image), BYTECODE_BYTES, ROOT_BYTES + 3 * BYTECODE_BYTES))
    return tuple(layers)


def room_of_images(images: Iterable[tuple[LayerSize, ...]], cached: Set[str]) -> list[tuple[int, int]]:
    """Return for each image its space in the cache and in Docker; a shared layer is made once for all images."""
    made, rooms = set(cached), []
    for layers in images:
        making = sum(layer.making_bytes for layer in layers if layer.key not in made)
        made |= {layer.key for layer in layers}
        # Docker gets the tar, and unpacks it.
        rooms.append((making, 2 * sum(layer.size_bytes for layer in layers)))
    return rooms


def root_key(image: BuiltImage) -> str:
    """Return the cache key of a root filesystem; images with the same request share it."""
    return _key("root", ASSEMBLER, image["suite"], sorted(image["debian"]))


def wheels_key(image: BuiltImage) -> str:
    """Return the cache key of an environment of wheels."""
    names = sorted((wheel["file"], wheel["sha256"]) for wheel in image["wheels"])
    return _key("wheels", ASSEMBLER, image["python"], PLATFORM, names)


def bytecode_key(image: BuiltImage) -> str:
    """Return the cache key of an image's bytecode; its facts also name the layers below it."""
    return _key("compiled", ASSEMBLER, root_key(image), wheels_key(image), sorted(image["bytecode"]))


def _key(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
