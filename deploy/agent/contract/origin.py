"""The kit.yaml that a stack comes from: its path, on one control node."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable
from pathlib import Path

MACHINE_ID = Path("/etc/machine-id")
LENGTH = 16


def origin_of(spec: Path, machine_id: Path = MACHINE_ID) -> str:
    """Return the origin of a kit.yaml on this control node."""
    return f"{node(machine_id)}:{spec.resolve()}"


def node(machine_id: Path = MACHINE_ID) -> str:
    """Return a name of this machine that no other one has.

    The machine's own id is a secret of its programs, so its hash stands for it. A machine without one has its hostname.
    """
    try:
        name = machine_id.read_text().strip()
    except OSError:
        name = ""
    return hashlib.sha256(f"kit {name or socket.gethostname()}".encode()).hexdigest()[:LENGTH]


def is_known(origin: str, remembered: Iterable[str], machine_id: Path = MACHINE_ID) -> bool:
    """Return True if a host remembers an origin.

    An older kit remembered a path alone, and knew no other control node than the host itself.
    """
    own = node(machine_id)
    return any(origin == (f"{own}:{each}" if each.startswith("/") else each) for each in remembered)
