"""One HTTP request over a unix socket. Not http.client: its import takes as long as the rest of a probe."""

from __future__ import annotations

import io
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import IO, NamedTuple

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
    """Send a request and read the whole answer; raise OSError if the answer is not HTTP."""
    with opened(socket_path, method, target, headers, body, timeout) as (status, stream):
        return Answer(status, stream.read())


@contextmanager
def opened(
    socket_path: str,
    method: str,
    target: str,
    headers: dict[str, str],
    body: Iterable[bytes],
    timeout: float,
) -> Iterator[tuple[int, IO[bytes]]]:
    """Send a request; yield the answer's status and its body as a stream. The timeout limits silence only."""
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
        with _answer_to(connection, body) as stream:
            yield read_status(stream), stream


def _answer_to(connection: socket.socket, body: Iterable[bytes]) -> IO[bytes]:
    try:
        for part in body:
            connection.sendall(part)
    except (BrokenPipeError, ConnectionResetError):
        # It was refused before all was sent; the answer says why.
        return io.BytesIO(_until_reset(connection))
    return connection.makefile("rb")


def _until_reset(connection: socket.socket) -> bytes:
    """Read an answer whose connection ends with an error, for the rest of the request is unread."""
    pieces = []
    with suppress(ConnectionResetError):
        while piece := connection.recv(BLOCK):
            pieces.append(piece)
    return b"".join(pieces)


def read_status(stream: IO[bytes]) -> int:
    """Read an answer up to its body and return the status."""
    words = stream.readline(BLOCK).split()
    if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
        raise ConnectionError("the answer ended early")
    while line := stream.readline(BLOCK):
        if line == b"\r\n":
            return int(words[1])
    raise ConnectionError("the answer ended early")
