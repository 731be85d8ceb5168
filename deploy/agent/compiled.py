"""Compiles the agent's modules once and stores them beside the agent, so that `entry` starts from them."""

from __future__ import annotations

import io
import marshal
import os
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from deploy.agent.remembered import write_file

LENGTH = 8
"""Bytes of the size of the index."""
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
        compiled = _modules(source)
        write_file(place, compiled + checksum(source, compiled), 0o444)


def _modules(agent: bytes) -> bytes:
    """Return the code of an agent's modules behind an index, in the form that `entry` reads."""
    index: dict[str, tuple[bool, int, int]] = {}
    codes: list[bytes] = []
    start = 0
    with zipfile.ZipFile(io.BytesIO(agent)) as sources:
        for name in sources.namelist():
            if not name.startswith("deploy/"):
                continue
            code = marshal.dumps(compile(sources.read(name), name, "exec", dont_inherit=True))
            module, _, file = name[: -len(".py")].rpartition("/")
            is_package = file == "__init__"
            whole = module if is_package else f"{module}/{file}"
            index[whole.replace("/", ".")] = (is_package, start, start + len(code))
            codes.append(code)
            start += len(code)
    told = marshal.dumps(index)
    return b"".join([len(told).to_bytes(LENGTH, "little"), told, *codes])
