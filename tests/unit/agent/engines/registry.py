"""A registry of models: the content of a store, with its blobs behind a redirect to another host name."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.unit.agent.engines.scripted import Asked, Scripted, scripted
from tests.waiting import PATIENCE_SECONDS


class Registry:
    """Serves a store; `most` cuts each blob after so many bytes, `pause` then holds the line."""

    def __init__(self, store: Path) -> None:
        self.manifests = store / "manifests" / "registry.ollama.ai"
        self.blobs = store / "blobs"
        self.most: int | None = None
        self.pause: threading.Event | None = None
        self.server: Scripted | None = None

    @property
    def url(self) -> str:
        """Address of the registry."""
        assert self.server is not None
        return self.server.url

    @property
    def ranges(self) -> list[str]:
        """The ranges of bytes that were asked for."""
        assert self.server is not None
        return [asked.headers["range"] for asked in self.server.asked if "range" in asked.headers]

    def play(self, asked: Asked) -> None:
        """Answer as a registry does."""
        place = re.fullmatch(r"(?:/v2|/direct)/(.+)/(manifests|blobs)/(.+)", asked.path)
        assert place, asked.path
        if place[2] == "manifests":
            path = self.manifests / place[1] / place[3]
            asked.answer(200, path.read_bytes()) if path.is_file() else asked.answer(404)
            return
        content = (self.blobs / place[3].replace(":", "-")).read_bytes()
        if asked.path.startswith("/v2") and asked.method == "GET":
            direct = self.url.replace("127.0.0.1", "localhost") + asked.path.replace("/v2", "/direct")
            asked.answer(307, b"", f"Location: {direct}")
        elif asked.method == "HEAD":
            asked.send(f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n".encode())
        elif "range" not in asked.headers:
            asked.answer(200, content)
        else:
            first, last = re.findall(r"\d+", asked.headers["range"])
            wanted = content[int(first) : int(last) + 1]
            asked.send(f"HTTP/1.1 206 Partial Content\r\nContent-Length: {len(wanted)}\r\n\r\n".encode())
            asked.send(wanted[: self.most])
            if self.pause:
                self.pause.wait(PATIENCE_SECONDS)


@contextmanager
def registry(store: Path) -> Iterator[Registry]:
    """Serve a store on a port of its own."""
    served = Registry(store)
    with scripted(served.play) as server:
        served.server = server
        yield served
