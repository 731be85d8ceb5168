"""How the agent's file begins: with its modules as this host's Python compiled them, where that was done before.

A probe took longer to compile the agent than to answer. What is compiled lies beside the agent, is bound to its bytes
by a checksum, and is made anew where that does not fit.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

DIGITS = 64
OPEN = 0o022


def compiled_place(agent: str) -> str:
    """Return where an agent's modules lie, compiled for this Python."""
    return f"{agent}.{sys.implementation.cache_tag}"


def checksum(agent: bytes, compiled: bytes) -> bytes:
    """Return what binds compiled modules to the agent that they were made of."""
    return hashlib.sha256(agent + compiled).hexdigest().encode()


def usable(agent: str) -> str | None:
    """Return the compiled modules of an agent, if they are whole, its own, and nobody else can write them."""
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
