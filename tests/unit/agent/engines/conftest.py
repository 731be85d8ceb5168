from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doubles.ollama.server import Handler, Server
from tests.doubles.ollama.settings import Settings


class Counting(Handler):
    """Remembers what was asked."""

    def parse_request(self) -> bool:
        parsed = super().parse_request()
        if parsed:
            SEEN.append(f"{self.command} {self.path}")
        return parsed


SEEN: list[str] = []


@pytest.fixture
def seen() -> list[str]:
    """What the double was asked since the last clearing."""
    SEEN.clear()
    return SEEN


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Server]:
    """A double of an engine in this process, without models."""
    settings = Settings.of({"OLLAMA_MODELS": str(tmp_path / "models"), "OLLAMA_HOST": "127.0.0.1:0"})
    with Server(settings) as server:
        server.RequestHandlerClass = Counting
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()
