"""A place beyond the host that the host reaches now: the control of every closed container's way out."""

from __future__ import annotations

import re
import socket
from ipaddress import ip_address
from pathlib import Path

from deploy.agent.observing.addresses import is_own

RESOLVER = Path("/etc/resolv.conf")
SOURCES = Path("/etc/apt")
SECONDS = 2
NAME_SERVER, HTTP = 53, 80
Place = tuple[str, int]


def outside() -> Place | None:
    """Return the address and port of the first place outside that answers: a name server, or a mirror of packages."""
    reached = (_reached(*place) for place in _places())
    return next((place for place in reached if place is not None), None)


def _places() -> list[Place]:
    servers = re.findall(r"^nameserver\s+(\S+)", _text(RESOLVER), re.MULTILINE)
    files = [SOURCES / "sources.list", *sorted((SOURCES / "sources.list.d").glob("*"))]
    mirrors = dict.fromkeys(re.findall(r"\bhttps?://([A-Za-z0-9.-]+)", "".join(map(_text, files))))
    return [(server, NAME_SERVER) for server in servers] + [(mirror, HTTP) for mirror in mirrors]


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _reached(name: str, port: int) -> Place | None:
    try:
        address = socket.gethostbyname(name)
        if ip_address(address).is_loopback or is_own(address):
            return None
        with socket.create_connection((address, port), timeout=SECONDS):
            return address, port
    except (OSError, ValueError):
        return None
