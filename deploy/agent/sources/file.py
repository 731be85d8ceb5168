"""A model's file: on this host, or streamed behind the request by the control node that has it."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE
from deploy.agent.inputs.children import Children
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.sources.placed import place, read

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob
    from deploy.agent.contract.inputs import Fetching, ModelFile, Source

STAGED = 0


def bring(model: ModelFile, _request: Fetching, journal: Journal, _children: Children) -> None:
    """Copy the file to the model's place."""
    is_streamed = model["source"]["file"].get("stream", False)
    path = Path(model["source"]["file"]["path"]) if is_streamed else _path(model["name"], model["source"])
    journal.say(f"copying {path}", 0, model["size"])
    place(_streamed(model, path) if is_streamed else read([path]), model, journal, str(path))


def _streamed(model: ModelFile, path: Path) -> Iterator[bytes]:
    left = model["size"]
    while piece := sys.stdin.buffer.read(PIECE):
        left -= len(piece)
        yield piece
    if left > 0:
        problem = f"model {model['name']}: {path} ended {left} bytes before its end"
        raise AgentError(problem, f"check that the file is whole, then run `{Line('apply')}` again")


@contextmanager
def opened(
    model: str, blob: Blob, _request: Fetching, _journal: Journal, _children: Children
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the file's name and its bytes."""
    path = _path(model, blob["source"])
    yield str(path), read([path])


def _path(model: str, source: Source) -> Path:
    path = Path(source["file"]["path"])
    if not path.is_file():
        raise AgentError(f"model {model}: {path} is not a file on this host", "correct `from: {file: ...}`")
    return path
