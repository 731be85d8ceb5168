"""A model's file at an address, for an engine that opens files: locked, fetched, opened, and answering."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.e2e.place import Document
from tests.e2e.stack import Stack

pytestmark = pytest.mark.e2e


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and prints nothing."""

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def opened_by(stack: Stack) -> list[str]:
    """Return the model files that the engine's container mounts."""
    return [mount["Source"] for mount in stack.service("main").inspect["Mounts"] if mount["Source"].endswith(".gguf")]


def test_a_model_at_an_address_is_locked_fetched_and_answers(stack: Stack, tmp_path: Path) -> None:
    (former,) = opened_by(stack)
    # The same model with a few bytes behind its end: another file, for everybody but the engine.
    content = Path(former).read_bytes() + b"from an address"
    (tmp_path / "model.gguf").write_bytes(content)
    sha256 = hashlib.sha256(content).hexdigest()

    with served(tmp_path) as address:

        def at_an_address(spec: Document) -> None:
            spec["models"][0]["from"] = {"url": f"{address}/model.gguf", "sha256": sha256}

        stack.place.change(at_an_address)
        stack.kit("lock")
        applied = stack.apply().here

    assert applied["verify"]["passed"]
    (now,) = opened_by(stack)
    assert hashlib.sha256(Path(now).read_bytes()).hexdigest() == sha256
    # Nobody asks the address again.
    assert stack.is_settled
    stack.place.mend()
    stack.apply()
    assert opened_by(stack) == [former]
