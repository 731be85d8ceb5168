"""Compiles the agent's modules once, beside the agent: `entry` starts from them then."""

from __future__ import annotations

import importlib.util
import io
import marshal
import os
import zipfile
from contextlib import suppress
from pathlib import Path

from deploy.agent.entry import DIGITS, OPEN, checksum, compiled_place
from deploy.agent.remembered import write_file

# A module that is compiled holds its source's checksum, and this flag says to trust it: the whole file has one.
UNCHECKED = (1).to_bytes(4, "little")


def compile_beside(agent: Path) -> None:
    """Compile an agent that lies in a folder of this user's own, where it is an archive."""
    with suppress(OSError, zipfile.BadZipFile):
        folder = agent.parent.stat()
        # Only root runs an agent again and again, and it lies in root's own folder then.
        if os.geteuid() != 0 or folder.st_uid != 0 or folder.st_mode & OPEN:
            return
        source = agent.read_bytes()
        compiled = _archive(source)
        write_file(Path(compiled_place(str(agent))), compiled + checksum(source, compiled), 0o444)


def _archive(agent: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(agent)) as sources, zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as compiled:
        for name in sources.namelist():
            if name.startswith("deploy/"):
                compiled.writestr(zipfile.ZipInfo(f"{name}c"), _module(name, sources.read(name)))
        # Announced as the archive's comment: the checksum follows.
        compiled.comment = b"0" * DIGITS
    return buffer.getvalue()[:-DIGITS]


def _module(name: str, source: bytes) -> bytes:
    code = compile(source, name, "exec", dont_inherit=True)
    return importlib.util.MAGIC_NUMBER + UNCHECKED + importlib.util.source_hash(source) + marshal.dumps(code)
