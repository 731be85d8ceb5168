"""The SSH connections of this run, in a folder of its own: a process that it starts uses them too."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
from pathlib import Path

from deploy.deployment.way import Way
from deploy.hosts.ssh.connection import Connection
from deploy.scratch import memory_folder, scratch_folder

FOLDER = "KIT_CONNECTIONS"
"""Variable of the folder, for a process that this one starts."""


class _Connections:
    """Connections by their way; the run that made the folder ends them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Way, Connection] = {}
        self._folder: Path | None = None
        self._scratch = contextlib.ExitStack()

    def to(self, way: Way) -> Connection:
        with self._lock:
            if way not in self._made:
                self._made[way] = Connection(way, self._place())
            return self._made[way]

    def environment(self) -> dict[str, str]:
        return {FOLDER: str(self._folder)} if self._folder else {}

    def close(self) -> None:
        with self._lock:
            self._scratch.close()
            self._made.clear()
            self._folder = None

    def _place(self) -> Path:
        if self._folder is None:
            lent = os.environ.get(FOLDER)
            self._folder = Path(lent) if lent else self._own()
        return self._folder

    def _own(self) -> Path:
        # In memory, where paths are short as well: the path of a socket has at most 107 characters.
        folder = self._scratch.enter_context(scratch_folder("kit-ssh-", memory_folder())).path
        self._scratch.callback(self._end)
        atexit.register(self.close)
        return folder

    def _end(self) -> None:
        for connection in self._made.values():
            connection.close()


_CONNECTIONS = _Connections()


def connection_to(way: Way) -> Connection:
    """Return this run's connection to a host."""
    return _CONNECTIONS.to(way)


def lent_connections() -> dict[str, str]:
    """Return the variables with which another process of this run uses the same connections."""
    return _CONNECTIONS.environment()


def close_connections() -> None:
    """End every connection that this run has opened."""
    _CONNECTIONS.close()
