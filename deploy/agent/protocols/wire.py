"""HTTP to an engine: one request a connection, streamed both ways, with timeouts on silence and none on the whole.

Not http.client: a probe asks engines too, and the import takes as long as the rest of it.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, Any, NamedTuple
from urllib.parse import urlsplit

BLOCK = 1 << 16
LONGEST_LINE = 1 << 20
MOST_HEADERS = 100
PORTS = {"http": 80, "https": 443}


class Limits(NamedTuple):
    """Timeouts in seconds: until a connection stands, and without a byte in either direction."""

    connect: float = 20
    silence: float = 300


class Place(NamedTuple):
    """The address of an engine."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def of(cls, address: str) -> Place:
        """Parse an address; raise ValueError if it is invalid."""
        parts = urlsplit(address)
        if parts.scheme not in PORTS or not parts.hostname or parts.username is not None:
            raise ValueError("an address is http://HOST:PORT or https://HOST:PORT")
        return cls(parts.scheme, parts.hostname, parts.port or PORTS[parts.scheme], parts.path.rstrip("/"))

    @property
    def authority(self) -> str:
        """The Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


class NotConnectedError(socket.timeout):
    """No connection was accepted."""


class AuthoritiesError(OSError):
    """The file of certificate authorities cannot be used."""


class BrokenOffError(ConnectionError):
    """An answer ended early."""

    def __init__(self) -> None:
        super().__init__("the connection was closed before the answer was complete")


class Reply:
    """One answer, whose body is read as a stream."""

    def __init__(self, stream: IO[bytes], method: str) -> None:
        self._stream = stream
        self.status, self.headers = _head(stream)
        while self.status < 200:
            self.status, self.headers = _head(stream)
        self._empty = method == "HEAD" or self.status in (204, 304)

    def pieces(self) -> Iterator[bytes]:
        """Yield the body; raise BrokenOffError if its end is missing."""
        if self._empty:
            return iter(())
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return self._chunks()
        length = self.headers.get("content-length")
        return self._exactly(int(length)) if length and length.isdigit() else self._to_the_end()

    def body(self, most: int = 64 << 20) -> bytes:
        """Return the body, up to `most` bytes."""
        body = b""
        for piece in self.pieces():
            body += piece
            if len(body) >= most:
                break
        return body[:most]

    def lines(self) -> Iterator[bytes]:
        """Yield the body line by line without delay; the last line may lack its end."""
        rest = b""
        for piece in self.pieces():
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if len(rest) > LONGEST_LINE:
                raise ConnectionError("a line of the answer has no end")
        if rest:
            yield rest

    def _exactly(self, left: int) -> Iterator[bytes]:
        while left:
            piece = _read(self._stream, min(BLOCK, left))
            if not piece:
                raise BrokenOffError
            yield piece
            left -= len(piece)

    def _to_the_end(self) -> Iterator[bytes]:
        return iter(lambda: _read(self._stream, BLOCK), b"")

    def _chunks(self) -> Iterator[bytes]:
        while True:
            try:
                size = int(_line(self._stream).split(b";")[0], 16)
            except ValueError:
                raise BrokenOffError from None
            yield from self._exactly(size)
            if size:
                _line(self._stream)
            else:
                return


@contextmanager
def asked(
    place: Place,
    method: str,
    path: str,
    headers: dict[str, str],
    body: Iterable[bytes],
    limits: Limits,
    ca: str | None = None,
) -> Iterator[Reply]:
    """Send a request and yield its answer; raise OSError if the answer is not HTTP."""
    lines = [f"{method} {place.path}{path} HTTP/1.1", f"Host: {place.authority}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with _connected(place, limits, ca) as connection:
        refused: OSError | None = None
        try:
            connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
            for piece in body:
                connection.sendall(piece)
        except socket.timeout:
            raise
        except OSError as problem:
            # It was answered before all was sent; the answer may still be there to be read.
            refused = problem
        with connection.makefile("rb") as stream:
            try:
                reply = Reply(stream, method)
            except OSError as problem:
                raise (refused or problem) from None
            yield reply


@contextmanager
def _connected(place: Place, limits: Limits, ca: str | None) -> Iterator[socket.socket]:
    try:
        plain = socket.create_connection((place.host, place.port), limits.connect)
    except socket.timeout:
        raise NotConnectedError from None
    with plain:
        if place.scheme == "http":
            plain.settimeout(limits.silence)
            yield plain
            return
        with _context(ca).wrap_socket(plain, server_hostname=place.host) as private:
            private.settimeout(limits.silence)
            yield private


def _context(ca: str | None) -> Any:
    # Most engines are asked in the clear on loopback, and a probe has no time for what it does not need.
    import ssl

    context = ssl.create_default_context()
    if ca:
        try:
            context.load_verify_locations(ca)
        except OSError as problem:
            words = "it holds no certificate" if isinstance(problem, ssl.SSLError) else problem.strerror
            raise AuthoritiesError(f"cannot use the certificate authorities in {ca}: {words}") from None
    return context


def _head(stream: IO[bytes]) -> tuple[int, dict[str, str]]:
    words = _line(stream).split(None, 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ConnectionError("the server does not speak HTTP")
    headers: dict[str, str] = {}
    for _ in range(MOST_HEADERS):
        line = _line(stream).strip()
        if not line:
            return int(words[1]), headers
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    raise ConnectionError("the answer's headers are incomplete")


def _line(stream: IO[bytes]) -> bytes:
    line = stream.readline(BLOCK)
    if not line.endswith(b"\n"):
        raise BrokenOffError
    return line


def _read(stream: Any, most: int) -> bytes:
    # `read1` gives what is there; `read` would wait for a whole block while progress waits to be told.
    piece: bytes = stream.read1(most)
    return piece
