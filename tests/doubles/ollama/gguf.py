"""GGUF files: their header, and the rewriting that an import does to a file that is not in the engine's own order."""

from __future__ import annotations

import functools
import math
import re
import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

FIXED = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
STRING, ARRAY, UINT32 = 8, 9, 4
VERSION, FILE_TYPE = "general.quantization_version", "general.file_type"
# Names and the size of a block: elements and bytes.
TENSORS = {
    0: ("F32", 1, 4),
    1: ("F16", 1, 2),
    2: ("Q4_0", 32, 18),
    3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22),
    7: ("Q5_1", 32, 24),
    8: ("Q8_0", 32, 34),
    10: ("Q2_K", 256, 84),
    11: ("Q3_K", 256, 110),
    12: ("Q4_K", 256, 144),
    13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210),
    30: ("BF16", 1, 2),
}
FILE_TYPES = {
    1: "F16",
    2: "Q4_0",
    3: "Q4_1",
    7: "Q8_0",
    8: "Q5_0",
    9: "Q5_1",
    10: "Q2_K",
    11: "Q3_K_S",
    12: "Q3_K_M",
    13: "Q3_K_L",
    14: "Q4_K_S",
    15: "Q4_K_M",
    16: "Q5_K_S",
    17: "Q5_K_M",
    18: "Q6_K",
    32: "BF16",
}


class NotGgufError(ValueError):
    """The file is no GGUF."""


@dataclass(frozen=True)
class Tensor:
    """One tensor: where it lies and how long it is."""

    name: str
    kind: int
    shape: tuple[int, ...]
    offset: int

    @property
    def type(self) -> str:
        """The name of its type."""
        return TENSORS[self.kind][0] if self.kind in TENSORS else "unknown"

    @property
    def size(self) -> int:
        """In bytes."""
        _, elements, block = TENSORS[self.kind]
        return math.prod(self.shape) // elements * block


@dataclass
class Header:
    """Content of a file's header: keys with their values and with their bytes, tensors, the beginning of the data."""

    version: int
    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, bytes] = field(default_factory=dict)
    tensors: list[Tensor] = field(default_factory=list)
    data: int = 0

    @property
    def architecture(self) -> str:
        """The family of the model."""
        return str(self.values.get("general.architecture", "unknown"))

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum(math.prod(tensor.shape) for tensor in self.tensors)

    @property
    def file_type(self) -> str:
        """The quantization; a file type of zero counts as not given, as in the real engine."""
        return FILE_TYPES.get(self.values.get(FILE_TYPE, 0), "unknown")

    def of_family(self, key: str) -> int:
        """Return a number of this architecture, or zero."""
        return int(self.values.get(f"{self.architecture}.{key}") or 0)

    @property
    def alignment(self) -> int:
        """Alignment of tensors, in bytes."""
        return int(self.values.get("general.alignment", 32))


def read(path: Path) -> Header:
    """Return the header of a blob, read once for as long as the file stays the same."""
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@functools.lru_cache(maxsize=32)
def _read(path: Path, _size: int, _modified: int) -> Header:
    with path.open("rb") as content:
        if content.read(4) != b"GGUF":
            raise NotGgufError("supplied file was not in GGUF format")
        version, tensors, keys = struct.unpack("<IQQ", content.read(20))
        header = Header(version)
        for _ in range(keys):
            key = _text(content)
            start = content.tell()
            header.values[key] = _value(content, *struct.unpack("<I", content.read(4)))
            end = content.tell()
            content.seek(start)
            header.raw[key] = content.read(end - start)
        for _ in range(tensors):
            name = _text(content)
            shape = struct.unpack(f"<{(count := _int(content))}Q", content.read(8 * count))
            kind, offset = struct.unpack("<IQ", content.read(12))
            header.tensors.append(Tensor(name, kind, shape, offset))
        header.data = _aligned(content.tell(), header.alignment)
    return header


def normal(header: Header) -> bool:
    """Tell whether the file is as the engine would write it: then an import leaves it as it is."""
    wanted = sorted(header.tensors, key=_place)
    return [*header.values][-2:] == [VERSION, FILE_TYPE] and header.tensors == wanted


def write_normal(source: Path, header: Header, output: IO[bytes]) -> None:
    """Write the file as the engine does: tensors in the order of layers and names, two keys last."""
    kept = {key: raw for key, raw in header.raw.items() if key not in (VERSION, FILE_TYPE)}
    kept[VERSION] = struct.pack("<II", UINT32, 2)
    kept[FILE_TYPE] = struct.pack("<II", UINT32, header.values.get(FILE_TYPE, 0))
    tensors = sorted(header.tensors, key=_place)
    parts = [b"GGUF", struct.pack("<IQQ", 3, len(tensors), len(kept))]
    parts += [_packed(key) + raw for key, raw in kept.items()]
    offset = 0
    for tensor in tensors:
        shape = struct.pack(f"<I{len(tensor.shape)}Q", len(tensor.shape), *tensor.shape)
        parts.append(_packed(tensor.name) + shape + struct.pack("<IQ", tensor.kind, offset))
        offset += _aligned(tensor.size, header.alignment)
    head = b"".join(parts)
    output.write(head + b"\0" * (_aligned(len(head), header.alignment) - len(head)))
    with source.open("rb") as content:
        for tensor in tensors:
            content.seek(header.data + tensor.offset)
            output.write(content.read(tensor.size) + b"\0" * (_aligned(tensor.size, header.alignment) - tensor.size))


def _place(tensor: Tensor) -> tuple[int, str]:
    found = re.match(r"blk\.(\d+)\.", tensor.name)
    return (int(found[1]) if found else -1, tensor.name)


def _aligned(size: int, to: int) -> int:
    return size + -size % to


def _packed(text: str) -> bytes:
    return struct.pack("<Q", len(text.encode())) + text.encode()


def _int(content: IO[bytes]) -> int:
    return int(struct.unpack("<I", content.read(4))[0])


def _text(content: IO[bytes]) -> str:
    return content.read(struct.unpack("<Q", content.read(8))[0]).decode(errors="replace")


def _value(content: IO[bytes], kind: int) -> Any:
    if kind == STRING:
        return _text(content)
    if kind != ARRAY:
        return struct.unpack(f"<{FIXED[kind]}", content.read(struct.calcsize(f"<{FIXED[kind]}")))[0]
    item, count = struct.unpack("<IQ", content.read(12))
    if item in (STRING, ARRAY):
        return [_value(content, item) for _ in range(count)]
    return list(struct.unpack(f"<{count}{FIXED[item]}", content.read(count * struct.calcsize(f"<{FIXED[item]}"))))
