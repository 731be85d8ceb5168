"""Listening TCP sockets of a network namespace, as the kernel lists them."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

LISTEN = "0A"
NET = Path("/proc/net")
"""Tables of the network namespace of this process."""


def listening(net: Path = NET) -> dict[tuple[str, int], str]:
    """Return every address and port that something listens on, with its socket's inode."""
    inodes = {}
    for name in ("tcp6", "tcp"):
        try:
            lines = (net / name).read_text().splitlines()[1:]
        except OSError:
            continue
        for fields in map(str.split, lines):
            if fields[3] == LISTEN:
                address, _, port = fields[1].partition(":")
                inodes[(_address(address), int(port, 16))] = fields[9]
    return inodes


def _address(text: str) -> str:
    """Parse an address as the kernel prints it: words of four bytes in the machine's byte order."""
    words = [int(text[start : start + 8], 16) for start in range(0, len(text), 8)]
    raw = struct.pack(f"={len(words)}I", *words)
    return socket.inet_ntop(socket.AF_INET if len(words) == 1 else socket.AF_INET6, raw)
