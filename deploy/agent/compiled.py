"""Compiles the agent's modules once and stores them beside the agent, so that `entry` starts from them."""

from __future__ import annotations

import importlib.util
import io
import marshal
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deploy.agent.remembered import write_file

# A module that is compiled holds its source's checksum, and this flag says to trust it: the whole file has one.
UNCHECKED = (1).to_bytes(4, "little")
WRITABLE_BY_OTHERS = 0o022
Checksum = Callable[[bytes, bytes], bytes]


def compile_beside(agent: Path, place: Path, checksum: Checksum) -> None:
    """Compile an archived agent in a folder of root's own; the file ends with the checksum of both."""
    with suppress(OSError, zipfile.BadZipFile):
        folder = agent.parent.stat()
        # Only root runs an agent again and again, and it lies in root's own folder then.
        if os.geteuid() != 0 or folder.st_uid != 0 or folder.st_mode & WRITABLE_BY_OTHERS:
            return
        source = agent.read_bytes()
        length = len(checksum(b"", b""))
        compiled = _archive(source, length)
        write_file(place, compiled + checksum(source, compiled), 0o444)


def _archive(agent: bytes, checksum_length: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(agent)) as sources, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as compiled:
        for name in sources.namelist():
            if name.startswith("deploy/"):
                compiled.writestr(zipfile.ZipInfo(f"{name}c"), _module(name, sources.read(name)))
        # Announced as the archive's comment: the checksum follows.
        compiled.comment = b"0" * checksum_length
    return buffer.getvalue()[:-checksum_length]


def _module(name: str, source: bytes) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)
