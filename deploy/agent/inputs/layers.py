"""The layers of an assembled image, and what they take on disk: the plan and the agent count with this alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import Any

ASSEMBLER = 1
PLATFORM = "x86_64-manylinux_2_36"
# Measured: a root filesystem with Python or llama.cpp is 103 to 113 MB; wheels grow 3.1 to 3.4 times when unpacked.
ROOT_BYTES = 130 * 2**20
UNPACKED_PER_WHEEL_BYTE = 3.5
# Measured: 70 MB for a gateway, about as much of sources.
BYTECODE_BYTES = 90 * 2**20

ROOM_PER_BYTE = 3.5
"""What a layer of a registry takes, as it is fetched and unpacked."""


@dataclass(frozen=True)
class LayerSize:
    """One layer by its name in the cache, and its bytes."""

    key: str
    size_bytes: int
    """Of its tar, and about those of its content."""
    making_bytes: int
    """In the cache while it is made."""


def image_layers(image: dict[str, Any]) -> tuple[LayerSize, ...]:
    """Return the layers of an image, as the operation `image` is asked for it."""
    found = [LayerSize(root_key(image), ROOT_BYTES, 2 * ROOT_BYTES)]
    if image["wheels"]:
        size = int(UNPACKED_PER_WHEEL_BYTE * sum(wheel["size"] for wheel in image["wheels"]))
        found.append(LayerSize(wheels_key(image), size, 2 * size))
    if image.get("bytecode"):
        # It is compiled in a root filesystem of its own, beside the sources.
        found.append(LayerSize(bytecode_key(image), BYTECODE_BYTES, ROOT_BYTES + 3 * BYTECODE_BYTES))
    return tuple(found)


def room_of_images(images: Iterable[tuple[LayerSize, ...]], cached: Set[str]) -> list[tuple[int, int]]:
    """Return for each image what it takes in the cache and at Docker; a layer is made once for all of them."""
    made, found = set(cached), []
    for layers in images:
        making = sum(layer.making_bytes for layer in layers if layer.key not in made)
        made |= {layer.key for layer in layers}
        # Docker gets the tar, and unpacks it.
        found.append((making, 2 * sum(layer.size_bytes for layer in layers)))
    return found


def root_key(image: dict[str, Any]) -> str:
    """Return the name of a root filesystem in the cache: images that ask for the same one share it."""
    return _key("root", ASSEMBLER, image["suite"], sorted(image["debian"]))


def wheels_key(image: dict[str, Any]) -> str:
    """Return the name of an environment of wheels in the cache."""
    names = sorted((wheel["file"], wheel["sha256"]) for wheel in image["wheels"])
    return _key("wheels", ASSEMBLER, image["python"], PLATFORM, names)


def bytecode_key(image: dict[str, Any]) -> str:
    """Return the name of an image's bytecode in the cache, which holds it together with the layers that it is over."""
    return _key("compiled", ASSEMBLER, root_key(image), wheels_key(image), sorted(image["bytecode"]))


def _key(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
