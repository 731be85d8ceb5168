"""A model's file on this host."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal
from deploy.agent.sources.placed import place, read

STAGED = 0


def bring(model: dict[str, Any], _request: dict[str, Any], journal: Journal, _children: Children) -> None:
    """Copy the file to the model's place."""
    path = _path(model["name"], model["source"])
    journal.say(f"copying {path}", 0, model["size"])
    place([path], model, journal, str(path))


@contextmanager
def opened(
    model: str, blob: dict[str, Any], _request: dict[str, Any], _journal: Journal, _children: Children
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the file's name and its bytes."""
    path = _path(model, blob["source"])
    yield str(path), read([path])


def _path(model: str, source: dict[str, Any]) -> Path:
    path = Path(source["file"]["path"])
    if not path.is_file():
        raise AgentError(f"model {model}: {path} is not a file on this host", "correct `from: {file: ...}`")
    return path
