"""One HTTP request over a unix socket. Not http.client: importing that takes as long as all else of a probe."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from typing import NamedTuple

BLOCK = 65536


class Answer(NamedTuple):
    """A status and the whole body."""

    status: int
    body: bytes


def ask(
    socket_path: str,
    method: str,
    target: str,
    headers: dict[str, str],
    body: Iterable[bytes],
    timeout: float,
) -> Answer:
    """Send a request and read the answer to its end; raise OSError where nothing that is HTTP comes back."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        connection.connect(socket_path)
        # Version 1.0: the body is neither in chunks nor followed by another answer, its end is the connection's.
        lines = [
            f"{method} {target} HTTP/1.0",
            "Host: docker",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode("ascii"))
        try:
            for part in body:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):
            # It was refused before all was sent; the answer says why.
            pass
        return parse(b"".join(iter(lambda: connection.recv(BLOCK), b"")))


def parse(raw: bytes) -> Answer:
    """Read a whole answer."""
    head, separator, body = raw.partition(b"\r\n\r\n")
    words = head.split(b"\r\n", 1)[0].split()
    if not separator or len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError("the answer broke off")
    return Answer(int(words[1]), body)
