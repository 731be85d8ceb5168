"""A GGUF file on this machine, measured."""

from __future__ import annotations

import hashlib
from pathlib import Path

from deploy.errors import KitError
from deploy.sources.weights.measured import CHUNK, Measured, Said, measure


def measure_file(path: Path, said: Said) -> Measured:
    """Measure a GGUF file on this machine."""
    try:
        if not path.is_file():
            raise KitError(f"{path} is no file", "a relative path begins at kit.yaml; name the GGUF file")
        with path.open("rb") as stream:
            return measure(stream, str(path), said, path.stat().st_size)
    except OSError as error:
        raise KitError(f"{path} cannot be read: {error.strerror}", "give this user the right to read it") from None


def measure_bytes(path: Path, said: Said) -> tuple[str, int]:
    """Return sha256 and size of a file that begins as GGUF files do; its header is not read."""
    try:
        if not path.is_file():
            raise KitError(f"{path} is no file", "a relative path begins at kit.yaml; name the GGUF file")
        digest, size, total = hashlib.sha256(), 0, path.stat().st_size
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK):
                if not size and not chunk.startswith(b"GGUF"):
                    raise KitError(f"{path} is no GGUF file", "convert it with llama.cpp's own script first")
                digest.update(chunk)
                size += len(chunk)
                said(f"reading {path}", size, total)
    except OSError as error:
        raise KitError(f"{path} cannot be read: {error.strerror}", "give this user the right to read it") from None
    if not size:
        raise KitError(f"{path} is empty", "name the whole GGUF file")
    return digest.hexdigest(), size
