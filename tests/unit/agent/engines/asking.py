"""Requests of the operation `sync`, as the control node writes them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from deploy.agent.contract.engines import SyncRequest
from tests.doubles.ollama.server import Server
from tests.gguf import PLAIN, gguf
from tests.unit.agent.engines.scripted import described
from tests.unit.sending import beside
from tests.waiting import wait_until

GGUF = gguf(PLAIN, weights=bytes(1 << 16))


def blobs_of(double: Server) -> list[str]:
    """Return the double's blobs, after it has removed interrupted uploads."""

    def names() -> list[str]:
        return sorted(path.name for path in double.store.blobs.iterdir())

    wait_until(
        lambda: all(len(name) == len("sha256-") + 64 for name in names()), "what broke off is cleared away", saw=names
    )
    return names()


def blob(content: bytes, source: dict[str, Any], file: str = "model.gguf") -> Any:
    """A file that a model is made of."""
    return {"file": file, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "source": source}


def from_file(name: str, path: Path, **fields: Any) -> Any:
    """A model made from a file of the control node."""
    return from_blob(name, blob(path.read_bytes(), beside(path)), **fields)


def from_blob(name: str, one: dict[str, Any], **fields: Any) -> Any:
    """A model made from a blob."""
    request = {"model": name, "files": {one["file"]: f"sha256:{one['sha256']}"}, **fields}
    return model(request, blobs=[one])


def model(
    request: dict[str, Any], blobs: list[dict[str, Any]] | None = None, base: dict[str, Any] | None = None
) -> Any:
    """A model as it was decided."""
    digest = hashlib.sha256(json.dumps([request, base], sort_keys=True).encode()).hexdigest()
    return {"name": request["model"], "digest": digest, "request": request, "blobs": blobs or [], "base": base}


def asking(root: Path, url: str, models: list[Any], **engine: Any) -> SyncRequest:
    """A request for one engine."""
    return {
        "format": 1,
        "stack": "home",
        "root": str(root),
        "run": "run-1",
        "mirrors": {},
        "proxy": None,
        "ca": None,
        "uv": "uv",
        "cache": str(root / "cache"),
        "engines": [described(url, models=models, **engine)],
    }
