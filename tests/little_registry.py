"""A little registry of images and models: what it has, whether it wants a token, and what it says instead."""

from __future__ import annotations

import hashlib
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

LIST = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
TOKEN = "let-me-in"
AMD64 = {"os": "linux", "architecture": "amd64"}
ARM64 = {"os": "linux", "architecture": "arm64", "variant": "v8"}


def digest_of(content: bytes) -> str:
    """The digest under which a registry has some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def manifest(*sizes: int, kind: str = "layer") -> bytes:
    """A manifest with a configuration of 7 bytes and layers of these sizes."""
    layers = [{"mediaType": kind, "digest": f"sha256:{size:064x}", "size": size} for size in sizes]
    config = {"mediaType": "config", "digest": f"sha256:{7:064x}", "size": 7}
    document = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers}
    return json.dumps(document, indent=3).encode()


def platforms(**contents: dict[str, str] | bytes) -> bytes:
    """A list of platforms; to each `NAME=manifest` belongs a `NAME_on=platform`."""
    entries = [
        {"mediaType": MANIFEST, "digest": digest_of(content), "size": 1, "platform": contents[f"{name}_on"]}
        for name, content in contents.items()
        if isinstance(content, bytes)
    ]
    return json.dumps({"schemaVersion": 2, "mediaType": LIST, "manifests": entries}).encode()


@dataclass
class LittleRegistry:
    """Its address is there while it is served."""

    url: str = ""
    has: dict[str, bytes] = field(default_factory=dict)
    """Bodies by path."""
    instead: dict[str, tuple[int, dict[str, str], bytes]] = field(default_factory=dict)
    """Status, headers and body for what begins with a path."""
    realm: str = ""
    """Address that gives tokens; empty if none is wanted."""
    token_answer: Any = None
    login: str = ""
    """Header that a private image asks for, at the token's server or, without one, of each request."""
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    @property
    def host(self) -> str:
        """Its host and port."""
        return urlsplit(self.url).netloc

    def put(self, repository: str, tag: str, content: bytes) -> str:
        """Have a manifest by tag and digest; return the digest."""
        self.has[f"/v2/{repository}/manifests/{tag}"] = content
        self.has[f"/v2/{repository}/manifests/{digest_of(content)}"] = content
        return digest_of(content)

    @contextmanager
    def served(self, tls: ssl.SSLContext | None = None) -> Iterator[LittleRegistry]:
        """Listen on this machine."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"registry": self}))
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    registry: LittleRegistry

    def do_GET(self) -> None:
        # A proxy is asked for whole addresses.
        address = urlsplit(self.path)
        self.registry.asked.append((self.path, dict(self.headers)))
        for path, answer in self.registry.instead.items():
            if address.path.startswith(path):
                return self._say(*answer)
        if self.registry.login and not self._is_let_in(address.path):
            return self._say(401, {"WWW-Authenticate": 'Basic realm="little"'}, b"{}")
        if address.path == "/token":
            return self._token(parse_qs(address.query))
        if self.registry.realm and self.headers["Authorization"] != f"Bearer {TOKEN}":
            asks = f'Bearer realm="{self.registry.realm}",service="little",scope="repository:x:pull"'
            return self._say(401, {"WWW-Authenticate": asks}, b'{"errors": [{"code": "UNAUTHORIZED"}]}')
        if address.path not in self.registry.has:
            return self._say(404, {}, b'{"errors": [{"message": "manifest\\u001b[31m unknown"}]}')
        content = self.registry.has[address.path]
        told = {"Docker-Content-Digest": digest_of(content)} if "/manifests/" in address.path else {}
        return self._say(200, told, content)

    def _is_let_in(self, path: str) -> bool:
        """Return True for a request that needs no password here, or has it."""
        is_asked = path == "/token" or not self.registry.realm
        return not is_asked or self.headers["Authorization"] == self.registry.login

    def _token(self, query: dict[str, list[str]]) -> None:
        is_right = query == {"service": ["little"], "scope": ["repository:x:pull"]}
        answer = self.registry.token_answer or {"token": TOKEN}
        self._say(200 if is_right else 400, {}, json.dumps(answer).encode())

    def _say(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
