"""Requests to the process that keeps a shared connection, in the protocol of OpenSSH's control socket.

OpenSSH describes it in PROTOCOL.mux. Each `ssh -O` would start a program, and costs a no-op over ten hosts 0.2 s.
"""

from __future__ import annotations

import os
import socket
import struct
from pathlib import Path

VERSION = 4
HELLO, ALIVE_CHECK, TERMINATE = 0x00000001, 0x10000004, 0x10000005
OK, ALIVE = 0x80000001, 0x80000005
GONE = 0
"""In place of an answer: the process ended first."""
NUMBER = 1
"""Number of the only request on a connection to the socket."""
SECONDS = 5.0
"""Timeout for the process to answer: it is on this machine."""
LONGEST = 65536


def is_alive(path: Path) -> bool:
    """Return True if a process keeps the connection."""
    return _answer(path, ALIVE_CHECK) == ALIVE


def end(path: Path) -> bool:
    """End the connection with everything that goes over it; return False if its process did not agree."""
    # It may be gone before its answer is.
    return _answer(path, TERMINATE) in (OK, GONE)


def _answer(path: Path, request: int) -> int | None:
    """Return the kind of the answer to a request; None if nobody there takes one."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asked:
            asked.settimeout(SECONDS)
            asked.connect(os.fspath(path))
            asked.sendall(_message(HELLO, VERSION) + _message(request, NUMBER))
            if _received(asked) != (HELLO, VERSION):
                return None
            return _reply(asked)
    except (OSError, EOFError, ValueError):
        return None


def _reply(asked: socket.socket) -> int | None:
    try:
        kind, number = _received(asked)
    except (ConnectionResetError, EOFError):
        return GONE
    return kind if number == NUMBER else None


def _message(kind: int, value: int) -> bytes:
    body = struct.pack(">II", kind, value)
    return struct.pack(">I", len(body)) + body


def _received(asked: socket.socket) -> tuple[int, int]:
    """Return the kind of the next message and its first value; ValueError for a message without both."""
    (length,) = struct.unpack(">I", _bytes(asked, 4))
    if not 8 <= length <= LONGEST:
        raise ValueError(f"no message has {length} bytes")
    kind, value = struct.unpack_from(">II", _bytes(asked, length))
    return kind, value


def _bytes(asked: socket.socket, length: int) -> bytes:
    content = b""
    while len(content) < length:
        piece = asked.recv(length - len(content))
        if not piece:
            raise EOFError
        content += piece
    return content
