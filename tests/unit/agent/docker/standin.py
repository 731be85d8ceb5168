"""A stand-in for Docker's socket: one container with recorded answers of Docker 20.10."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

ID = "e80b52e4636fed5b98a989d63c4c21ba4465ee640557e96358be966c61b5c89d"
LABELS = {"kit.service": "main", "kit.stack": "t"}


class StandIn:
    """Scripted answers, and the requests so far."""

    def __init__(self) -> None:
        self.state: dict[str, Any] = {
            "Status": "running",
            "ExitCode": 0,
            "OOMKilled": False,
            "StartedAt": "2026-11-28T08:34:18.638110315Z",
            "Health": {"Status": "starting"},
        }
        self.listed = "running"
        """Status in the list, which comes behind that of the container until somebody inspects it."""
        self.check: dict[str, Any] | None = None
        self.restarts = 0
        self.memory = 2**24
        self.ends: list[tuple[str, str]] = []
        """Actions of events and exit codes."""
        self.printed = "no such model"
        self.asked: list[str] = []
        self.check_codes: list[int] = []
        """Exit codes of its health check, one per run."""

    def died(self, code: int, *, out_of_memory: bool = False) -> StandIn:
        """Let the container end once more, and be up again before anybody looks."""
        self.ends += [("oom", "")] if out_of_memory else []
        self.ends += [("die", str(code))]
        self.restarts += 1
        return self

    def answer(self, target: str) -> bytes:
        """Answer one request."""
        self.asked.append(target)
        parts = urlsplit(target)
        if parts.path == "/events":
            wanted = json.loads(parse_qs(parts.query)["filters"][0])
            assert wanted["label"] == ["kit.stack=t"]
            return b"".join(map(self._event, [one for one in self.ends if one[0] in wanted["event"]]))
        if parts.path.endswith("/exec"):
            return b'{"Id": "e1"}'
        if parts.path == "/exec/e1/start":
            return b""
        if parts.path == "/exec/e1/json":
            return json.dumps({"Running": False, "ExitCode": self.check_codes.pop(0)}).encode()
        if parts.path == "/containers/json":
            return json.dumps([{"Id": ID, "Labels": LABELS, "State": self.listed, "Created": 1}]).encode()
        if parts.path == f"/containers/{ID}/stop":
            self.state["Status"] = "exited"
            return b""
        if parts.path == f"/containers/{ID}/logs":
            return self.printed.encode()
        assert parts.path == f"/containers/{ID}/json", target
        self.listed = self.state["Status"]
        return json.dumps(self._inspected()).encode()

    def _event(self, one: tuple[str, str]) -> bytes:
        action, code = one
        attributes = {**LABELS, "image": "6af0cb98edce", "name": "kit-t-main-1"} | ({"exitCode": code} if code else {})
        event = {"Type": "container", "Action": action, "Actor": {"ID": ID, "Attributes": attributes}}
        return json.dumps({**event, "scope": "local", "time": 1795854856}).encode() + b"\n"

    def _inspected(self) -> dict[str, Any]:
        return {
            "Id": ID,
            "Image": "sha256:6af0cb98edce",
            "State": self.state,
            "RestartCount": self.restarts,
            "Config": {"Image": "kit/llama_cpp:1", "Labels": LABELS, "Healthcheck": self.check},
            "HostConfig": {"Memory": self.memory},
            "NetworkSettings": {"Ports": {}, "Networks": {}},
        }


@contextmanager
def served(standin: StandIn, path: Path) -> Iterator[str]:
    """Let it listen on a socket, and give the socket's path."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            target = self.rfile.readline().split()[1].decode()
            length = 0
            while line := self.rfile.readline().strip():
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
            self.rfile.read(length)
            self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\n" + standin.answer(target))

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield str(path)
        finally:
            server.shutdown()
            thread.join()
