"""Start of the agent's file: it uses the modules that this host's Python has compiled before, if there are any.

Compiling the agent took a probe longer than answering. The compiled file lies beside the agent, carries a checksum of
the agent's bytes, and is made anew if the checksum does not match.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

DIGITS = 64
OPEN = 0o022


def compiled_place(agent: str) -> str:
    """Return the path of an agent's modules, compiled for this Python."""
    return f"{agent}.{sys.implementation.cache_tag}"


def checksum(agent: bytes, compiled: bytes) -> bytes:
    """Return the checksum that binds compiled modules to their agent."""
    return hashlib.sha256(agent + compiled).hexdigest().encode()


def usable(agent: str) -> str | None:
    """Return an agent's compiled modules if they are complete, its own, and writable by nobody else."""
    place = compiled_place(agent)
    try:
        with Path(place).open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & OPEN:
                return None
            content = stream.read()
            is_right = checksum(Path(agent).read_bytes(), content[:-DIGITS]) == content[-DIGITS:]
    except OSError:
        return None
    return place if is_right else None


def start() -> int:
    """Run the agent from its compiled modules, or from its own sources."""
    agent, arguments = sys.argv[0], sys.argv[1:]
    compiled = usable(agent)
    if compiled is not None:
        sys.path.insert(0, compiled)
    from deploy.agent.__main__ import main

    status = main(arguments)
    # The verb that is asked most often, and first; its answer is out by now.
    if compiled is None and arguments == ["probe"]:
        from deploy.agent.compiled import compile_beside

        compile_beside(Path(agent), Path(compiled_place(agent)), checksum)
    return status


if __name__ == "__main__":
    sys.exit(start())
