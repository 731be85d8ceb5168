"""A header with what the recordings tell of their model, in a file as long: it is listed and shown as the model is.

The model itself has 253 MB. Where `KIT_TEST_GGUF` names it, it is uploaded and this one is not used.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from pathlib import Path
from typing import Any

from tests.gguf import text, value

DIGEST = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"
SIZE = 253_113_024
LAYERS = 18
TYPES = {"F32": 0, "Q8_0": 8, "Q5_0": 6, "Q4_K": 12, "Q6_K": 14}
ARRAYS = {"general.tags": ["a"], "tokenizer.ggml.tokens": ["a"], "tokenizer.ggml.scores": [0.5]}
LAST = ("general.quantization_version", "general.file_type")


def model_file() -> Path | None:
    """Return the recordings' model, where this machine has it."""
    named = os.environ.get("KIT_TEST_GGUF")
    if not named:
        return None
    path = Path(named)
    if hashlib.file_digest(path.open("rb"), "sha256").hexdigest() != DIGEST:
        raise RuntimeError(f"KIT_TEST_GGUF: {path} is another file than the recordings' model")
    return path


def write(blob: Path, shown: dict[str, Any]) -> None:
    """Write the stand-in, from an answer of `show`: its keys, and the tensors of one layer for all."""
    info = {key: found for key, found in shown["model_info"].items() if key != "general.parameter_count"}
    keys = {key: found for key, found in info.items() if key not in LAST} | {key: info[key] for key in LAST}
    first = [one for one in shown["tensors"] if one["name"].startswith("blk.0.")]
    every = [one for one in shown["tensors"] if not one["name"].startswith("blk.")]
    # The recording ends in the third layer; what it says of a tensor is kept, the rest is as in the first one.
    said = {one["name"]: one for one in shown["tensors"]}
    for layer in range(LAYERS):
        for one in first:
            name = one["name"].replace("blk.0.", f"blk.{layer}.")
            every.append(said.get(name, {**one, "name": name}))
    every = sorted(every, key=lambda one: _place(one["name"]))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(every), len(keys))
    head += b"".join(text(key) + _packed(key, found) for key, found in keys.items())
    for one in every:
        shape = one["shape"]
        head += text(one["name"]) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", TYPES[one["type"]], 0)
    blob.write_bytes(head)
    os.truncate(blob, SIZE)


def cut_document(line: str) -> dict[str, Any]:
    """Return what can be read of a recorded line that was cut among the tensors."""
    whole, _, tensors = line.partition(',"tensors":[')
    document: dict[str, Any] = json.loads(whole + "}")
    complete = [part + "}" for part in tensors.split("},")[:-1]]
    return document | {"tensors": [json.loads(part.rstrip(",")) for part in complete]}


def _place(name: str) -> tuple[int, str]:
    return (int(name.split(".")[1]) if name.startswith("blk.") else -1, name)


def _packed(key: str, found: Any) -> bytes:
    # A whole number where the file has a float is the recording's way to write it.
    if key.endswith(("freq_base", "epsilon")):
        return value(float(found))
    return value(ARRAYS.get(key, [1]) if found is None else found)
