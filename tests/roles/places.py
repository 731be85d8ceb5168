"""Places to fetch from that a spec may name: an HTTP proxy, and a mirror behind a certificate of its own."""

from __future__ import annotations

import contextlib
import http.server
import select
import socket
import ssl
import subprocess
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.waiting import PATIENCE_SECONDS


@dataclass
class Place:
    """A server on this machine, and what was asked of it."""

    address: str
    asked: list[str] = field(default_factory=list)


class _Forwarder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    place: Place
    upstream = ""

    def do_GET(self) -> None:
        """Pass on the address that a client of a proxy names, or else the mirror's."""
        self.place.asked.append(self.path)
        try:
            with urllib.request.urlopen(f"{self.upstream}{self.path}", timeout=PATIENCE_SECONDS) as answer:
                status, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as refusal:
            status, kind, body = refusal.code, "text/plain", b""
        self.send_response(status)
        self.send_header("Content-Type", kind or "application/octet-stream")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        """Join the client with the server that it names."""
        self.place.asked.append(self.path)
        host, _, port = self.path.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) as server:
            self.send_response(200)
            self.end_headers()
            self._join(server)
        self.close_connection = True

    def _join(self, server: socket.socket) -> None:
        other = {self.connection: server, server: self.connection}
        while True:
            ready, _, _ = select.select(list(other), [], [], PATIENCE_SECONDS)
            for one in ready:
                piece = _received(one)
                if not piece:
                    return
                other[one].sendall(piece)
            if not ready:
                return

    def log_message(self, *_: Any) -> None:
        """Stay quiet."""


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1 << 16)
    except ConnectionResetError:
        # A client that does not trust the server hangs up.
        return b""


@contextlib.contextmanager
def proxy(address: str) -> Iterator[Place]:
    """Serve as an HTTP proxy."""
    with _serving(address, "", None) as place:
        place.address = f"http://{place.address}"
        yield place


@contextlib.contextmanager
def mirror(address: str, upstream: str, folder: Path) -> Iterator[tuple[Place, Path]]:
    """Serve what another mirror has, over HTTPS with a certificate that nobody knows; its authority is the file."""
    authority, certificate = _certificates(address, folder)
    with _serving(address, upstream, certificate) as place:
        place.address = f"https://{place.address}"
        yield place, authority


@contextlib.contextmanager
def _serving(address: str, upstream: str, certificate: Path | None) -> Iterator[Place]:
    place = Place("")
    handler = type("Forwarder", (_Forwarder,), {"place": place, "upstream": upstream})
    with http.server.ThreadingHTTPServer((address, 0), handler) as server:
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate, certificate.with_suffix(".key"))
            server.socket = context.wrap_socket(server.socket, server_side=True)
        place.address = f"{address}:{server.server_address[1]}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield place
        finally:
            server.shutdown()


def _certificates(address: str, folder: Path) -> tuple[Path, Path]:
    """Make an authority and a server's certificate under it; return both, the key beside the second."""
    authority, server = folder / "authority.pem", folder / "server.pem"
    _openssl(authority, "-subj", "/CN=authority")
    _openssl(
        server,
        *("-subj", "/CN=mirror", "-addext", f"subjectAltName=IP:{address}", "-addext", "basicConstraints=CA:FALSE"),
        *("-CA", authority, "-CAkey", authority.with_suffix(".key")),
    )
    return authority, server


def _openssl(path: Path, *options: str | Path) -> None:
    make = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    subprocess.run(
        [*make, "-out", path, "-keyout", path.with_suffix(".key"), *options], check=True, capture_output=True
    )
