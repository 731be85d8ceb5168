"""A model of one layer out of a real one: its tokenizer, its table of words and its engine, and little work."""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from pathlib import Path

from tests.doubles.ollama import gguf

LAYERS = 1
_LAYER = re.compile(r"blk\.(\d+)\.")


def shallow_model(source: Path, target: Path) -> Path:
    """Write the copy without the layers behind the first one; return it. Equal texts have equal vectors still."""
    header = gguf.read(source)
    kept = [tensor for tensor in header.tensors if _layer(tensor.name) < LAYERS]
    count = {f"{header.architecture}.block_count": struct.pack("<II", gguf.UINT32, LAYERS)}
    with target.open("wb") as output:
        gguf.write_normal(source, replace(header, tensors=kept, raw={**header.raw, **count}), output)
    return target


def _layer(tensor: str) -> int:
    found = _LAYER.match(tensor)
    return int(found[1]) if found else 0
