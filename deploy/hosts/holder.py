"""Who a run is, for the next one that finds the host held."""

from __future__ import annotations

import getpass
import os
import socket
from typing import Any


def holder(command: str) -> dict[str, Any]:
    """Return the command, the user, this machine's name and the process id."""
    return {"command": command, "user": _user(), "host": socket.gethostname(), "pid": os.getpid()}


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
