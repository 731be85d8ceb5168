from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.doubles.ollama.server import Handler, Server
from tests.doubles.ollama.settings import Settings
from tests.unit.agent.engines.asking import GGUF


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
    """Return the double's requests since the last clearing."""
    SEEN.clear()
    return SEEN


@contextmanager
def serving(models: Path, handler: type[Handler]) -> Iterator[Server]:
    with Server(Settings.of({"OLLAMA_MODELS": str(models), "OLLAMA_HOST": "127.0.0.1:0"})) as server:
        server.RequestHandlerClass = handler
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def double(tmp_path: Path) -> Iterator[Server]:
    """A double of an engine in this process, without models."""
    with serving(tmp_path / "models", Counting) as server:
        yield server


@pytest.fixture
def another_double(tmp_path: Path) -> Iterator[Server]:
    """A second one, whose requests nobody counts."""
    with serving(tmp_path / "other-models", Handler) as server:
        yield server


@pytest.fixture
def gguf() -> bytes:
    """A small model."""
    return GGUF
