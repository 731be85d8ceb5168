"""A server that a test scripts byte by byte, for answers that no correct engine gives."""

from __future__ import annotations

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any


@dataclass
class Asked:
    """One request, and the connection on which it came."""

    method: str
    path: str
    headers: dict[str, str]
    connection: socket.socket
    start: bytes

    def body(self) -> bytes:
        """Read all of the body."""
        found, length = self.start, int(self.headers.get("content-length", 0))
        while len(found) < length and (piece := self.connection.recv(1 << 16)):
            found += piece
        return found

    def send(self, raw: bytes) -> None:
        """Send bytes as they are."""
        self.connection.sendall(raw)

    def answer(self, status: int, content: bytes = b"", *headers: str) -> None:
        """Send a whole answer."""
        lines = [f"HTTP/1.1 {status} Words", f"Content-Length: {len(content)}", *headers]
        self.send("\r\n".join([*lines, "", ""]).encode() + (b"" if self.method == "HEAD" else content))

    def tell(self, document: Any) -> None:
        """Send a JSON document."""
        self.answer(200, json.dumps(document).encode())

    def chunks(self, *pieces: bytes, ended: bool = True) -> None:
        """Send an answer in chunks, with or without its end."""
        self.body()
        self.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces:
            self.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        if ended:
            self.send(b"0\r\n\r\n")

    def reset(self) -> None:
        """Tear the connection down as a killed program's kernel does."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


Play = Callable[[Asked], None]


class Scripted:
    """Requests so far, and the server's address."""

    def __init__(self, listener: socket.socket, play: Play, private: ssl.SSLContext | None) -> None:
        address, self.port = listener.getsockname()
        self.url = f"{'https' if private else 'http'}://{address}:{self.port}"
        self.asked: list[Asked] = []
        self._listener, self._play, self._private = listener, play, private

    @property
    def requests(self) -> list[str]:
        """The requests in words."""
        return [f"{one.method} {one.path}" for one in self.asked]

    def serve(self) -> None:
        """Answer until the listener is closed."""
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, plain: socket.socket) -> None:
        with plain, suppress(OSError, ValueError):
            connection = self._private.wrap_socket(plain, server_side=True) if self._private else plain
            self._talk(connection)
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()

    def _talk(self, connection: socket.socket) -> None:
        raw = b""
        while b"\r\n\r\n" not in raw:
            piece = connection.recv(1 << 16)
            if not piece:
                # A client that only looks whether the port is open; asked again, it would answer at once for ever.
                raise ConnectionError("the client closed before its request was whole")
            raw += piece
        head, _, start = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        asked = Asked(method, path, headers, connection, start)
        self.asked.append(asked)
        self._play(asked)


@contextmanager
def scripted(play: Play, private: ssl.SSLContext | None = None, address: str = "127.0.0.1") -> Iterator[Scripted]:
    """Serve a play on a port of its own."""
    with socket.create_server((address, 0)) as listener:
        server = Scripted(listener, play, private)
        threading.Thread(target=server.serve, daemon=True).start()
        yield server
        listener.shutdown(socket.SHUT_RDWR)


def described(url: str, **more: Any) -> Any:
    """An engine as a request describes it."""
    return {
        "name": "main",
        "protocol": "ollama",
        "address": url,
        "key": None,
        "models_dir": "/srv/kit/home/main/models",
        "prune": False,
        "models": [],
        **more,
    }
