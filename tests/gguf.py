"""Small GGUF files for tests, written by hand."""

from __future__ import annotations

import struct
from typing import Any


def text(value: str) -> bytes:
    """A GGUF string."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def value(found: Any) -> bytes:
    """A GGUF value with its kind."""
    if isinstance(found, bool):
        return struct.pack("<I?", 7, found)
    if isinstance(found, int):
        return struct.pack("<II", 4, found)
    if isinstance(found, float):
        return struct.pack("<If", 6, found)
    if isinstance(found, str):
        return struct.pack("<I", 8) + text(found)
    items = [value(item) for item in found]
    return struct.pack("<I", 9) + items[0][:4] + struct.pack("<Q", len(items)) + b"".join(item[4:] for item in items)


def gguf(keys: dict[str, Any], version: int = 3, weights: bytes = b"\0" * 64) -> bytes:
    """A GGUF file with a header of these keys."""
    head = b"GGUF" + struct.pack("<IQQ", version, 0, len(keys))
    return head + b"".join(text(key) + value(found) for key, found in keys.items()) + weights


PLAIN = {
    "general.architecture": "llama",
    "general.tags": ["a", "b"],
    "llama.context_length": 2048,
    "tokenizer.ggml.tokens": [f"token {number}" for number in range(3000)],
    "tokenizer.ggml.scores": [0.5] * 3000,
    "tokenizer.ggml.add_bos_token": True,
}
