"""A model for embeddings out of one for answers: the same weights, and a header that says how vectors are pooled."""

from __future__ import annotations

import struct
from dataclasses import replace
from pathlib import Path

from tests.doubles.ollama import gguf

MEAN = 1


def embedding_model(source: Path, target: Path) -> Path:
    """Write the copy that engines take for a model of embeddings, as they write it themselves; return it."""
    header = gguf.read(source)
    key = f"{header.architecture}.pooling_type"
    # Lists read the keys up to the first one of the tokenizer.
    family = {name: raw for name, raw in header.raw.items() if not name.startswith("tokenizer.")}
    rest = {name: raw for name, raw in header.raw.items() if name not in family}
    header = replace(header, raw={**family, key: struct.pack("<II", gguf.UINT32, MEAN), **rest})
    with target.open("wb") as output:
        gguf.write_normal(source, header, output)
    return target
