"""A registry of models: manifests and blobs out of an engine's folder, blobs from another host name, cut on demand."""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PIECE = 1 << 16
OWN = "registry.ollama.ai"
# Engines want the bytes from another host name than the one that they asked; another port is not enough.
OTHER = {"127.0.0.1": "localhost", "localhost": "127.0.0.1"}


@dataclass
class Trouble:
    """Faults of the registry and their number; they can be changed while it runs."""

    cut_after: int | None = None
    """Close the connection after so many bytes of a blob."""
    times: int = 1
    """Number of answers that are cut; below zero, every one."""
    redirects: bool = True
    """True to redirect a blob; engines refuse one that is sent at once."""
    seconds_per_piece: float = 0.0
    """Wait so long after each 64 KiB."""
    silent_from: int | None = None
    """Send a blob no further than to here, and say nothing more."""
    is_silent: bool = False
    """True once it went silent."""


@dataclass
class ModelRegistry:
    """One running registry."""

    server: _Server
    trouble: Trouble = field(default_factory=Trouble)

    @property
    def host(self) -> str:
        """Host and port, as the name of a model begins with."""
        return f"{self.server.name}:{self.server.server_address[1]}"

    @property
    def seen(self) -> list[str]:
        """Method, path and range of every request."""
        return self.server.seen


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int], models: Path, name: str, other: str) -> None:
        self.models, self.name, self.other = models, name, other
        self.trouble = Trouble()
        self.seen: list[str] = []
        self.waiting = threading.Event()
        """Set when it goes: what is being sent ends there."""
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        span = self.headers.get("Range")
        self.server.seen.append(f"{self.command} {self.path}" + (f" {span}" if span else ""))
        manifest = re.fullmatch(r"/v2/([^/]+)/([^/]+)/manifests/([^/]+)", self.path)
        blob = re.fullmatch(r"/(?:v2/[^/]+/[^/]+|direct)/blobs/sha256:([0-9a-f]{64})", self.path)
        path = self.server.models / "manifests" / OWN / "/".join(manifest.groups()) if manifest else None
        if blob:
            path = self.server.models / "blobs" / f"sha256-{blob[1]}"
        if self.path == "/v2/":
            self._head(200, 2)
            self.wfile.write(b"{}")
        elif path is None or not path.is_file():
            self._head(404, 0)
        elif blob and self.command == "GET" and not self.path.startswith("/direct/") and self.server.trouble.redirects:
            port = self.server.server_address[1]
            self._head(307, 0, Location=f"http://{self.server.other}:{port}/direct/blobs/sha256:{blob[1]}")
        else:
            self._file(path, span)

    do_HEAD = do_GET  # noqa: N815

    def _head(self, status: int, length: int, **more: str) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(length))
        for name, value in more.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def _file(self, path: Path, span: str | None) -> None:
        size = path.stat().st_size
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", span or "")
        first = int(found[1]) if found else 0
        last = int(found[2]) if found and found[2] else size - 1
        more = {"Content_Range": f"bytes {first}-{last}/{size}"} if found else {}
        self._head(206 if found else 200, last - first + 1, **more)
        if self.command == "GET":
            with contextlib.suppress(ConnectionError):
                self._send(path, first, last + 1)

    def _send(self, path: Path, at: int, end: int) -> None:
        trouble = self.server.trouble
        limit = None
        if trouble.cut_after is not None and trouble.times and "/direct/" in self.path:
            trouble.times -= 1
            limit = at + trouble.cut_after
        with path.open("rb") as content:
            content.seek(at)
            while at < end:
                if trouble.silent_from is not None and at >= trouble.silent_from and "/direct/" in self.path:
                    trouble.is_silent = True
                    self.server.waiting.wait()
                piece = content.read(min(PIECE, end - at, PIECE if limit is None else max(limit - at, 0)))
                if not piece or self.server.waiting.is_set():
                    self.close_connection = True
                    return
                self.wfile.write(piece)
                at += len(piece)
                if trouble.seconds_per_piece:
                    self.server.waiting.wait(trouble.seconds_per_piece)


@contextlib.contextmanager
def running_registry(
    models: Path, bind: str = "127.0.0.1", port: int = 0, name: str = "127.0.0.1", other: str | None = None
) -> Iterator[ModelRegistry]:
    """Serve a folder of models: `name` is how an engine reaches this registry, `other` where its redirects lead."""
    server = _Server((bind, port), models, name, other or OTHER[name])
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield ModelRegistry(server, server.trouble)
    finally:
        server.waiting.set()
        server.shutdown()
        server.server_close()
        thread.join()
