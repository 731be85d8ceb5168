"""Start of the agent's file: it uses the modules that this host's Python has compiled before, if there are any.

Compiling the agent took a probe longer than answering. The compiled file lies beside the agent, carries a checksum of
the agent's bytes, and is made anew if the checksum does not match.
"""

from __future__ import annotations

import gc
import hashlib
import marshal
import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

DIGITS = 64
LENGTH = 8
"""Bytes of the number with which compiled modules begin: the size of their index."""
OPEN = 0o022


class Compiled:
    """Finds and loads the compiled modules from memory: an archive is opened anew for each of a hundred modules."""

    def __init__(self, place: str, content: bytes) -> None:
        start = LENGTH + int.from_bytes(content[:LENGTH], "little")
        self._place = place
        self._index: dict[str, tuple[bool, int, int]] = marshal.loads(content[LENGTH:start])  # noqa: S302 - root's own
        """Module to whether it is a package, and to the beginning and the end of its code."""
        self._code = memoryview(content)[start:]

    def __repr__(self) -> str:
        return f"<compiled {self._place!r}>"

    def find_spec(self, name: str, _path: object = None, _target: object = None) -> ModuleSpec | None:
        """Return the place of a module; None for one of somebody else."""
        known = self._index.get(name)
        # The protocol of loaders wants a class of its own, which takes time to load.
        return ModuleSpec(name, self, origin=self._place, is_package=known[0]) if known else None  # type: ignore[arg-type]

    def create_module(self, _spec: ModuleSpec) -> None:
        """Leave it to Python."""

    def exec_module(self, module: ModuleType) -> None:
        """Run a module's code."""
        _, start, end = self._index[module.__name__]
        exec(marshal.loads(self._code[start:end]), module.__dict__)  # noqa: S102, S302 - this very agent's code


def compiled_place(agent: str) -> str:
    """Return the path of an agent's modules, compiled for this Python."""
    return f"{agent}.{sys.implementation.cache_tag}"


def checksum(agent: bytes, compiled: bytes) -> bytes:
    """Return the checksum that binds compiled modules to their agent."""
    return hashlib.sha256(agent + compiled).hexdigest().encode()


def usable(agent: str) -> bytes | None:
    """Return an agent's compiled modules if they are complete, its own, and writable by nobody else."""
    try:
        with Path(compiled_place(agent)).open("rb") as stream:
            status = os.fstat(stream.fileno())
            if status.st_uid not in (0, os.geteuid()) or status.st_mode & OPEN:
                return None
            content = stream.read()
            is_right = checksum(Path(agent).read_bytes(), content[:-DIGITS]) == content[-DIGITS:]
    except OSError:
        return None
    return content[:-DIGITS] if is_right else None


def start() -> int:
    """Run the agent from its compiled modules, or from its own sources."""
    agent, arguments = sys.argv[0], sys.argv[1:]
    # Until its modules are loaded nothing of them is garbage, and looking for some takes a tenth of that time.
    gc.disable()
    compiled = usable(agent)
    if compiled is not None:
        sys.meta_path.insert(0, Compiled(compiled_place(agent), compiled))
    from deploy.agent.__main__ import main

    status = main(arguments)
    # The verb that is asked most often, and first; its answer is out by now.
    if compiled is None and arguments == ["probe"]:
        from deploy.agent.compiled import compile_beside

        compile_beside(Path(agent), Path(compiled_place(agent)), checksum)
    # Nor is garbage looked for at the end.
    gc.freeze()
    return status


if __name__ == "__main__":
    sys.exit(start())
