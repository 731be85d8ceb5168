"""Streams of the control node: asked for on standard output, read from standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.agent.contract.frames import unframed
from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Wanted
    from deploy.agent.contract.inputs import SourcedFile


def piped(name: str) -> Iterator[bytes]:
    """Ask for a stream of unknown length and yield its pieces; raise CutOffError if it breaks off."""
    _ask({"wanted": name, "start": 0, "size": None})
    yield from unframed(sys.stdin.buffer)


def sent(model: str, file: SourcedFile, start: int = 0) -> Iterator[bytes]:
    """Ask for a model's file and yield its bytes; its size detects a stream that broke off.

    Args:
        model: Name of the model, for messages.
        file: The file.
        start: Number of its first bytes that are here already.
    """
    name, left = file["source"]["file"]["name"], file["size"] - start
    again = f"run `{Line('apply')}` again"
    _ask({"wanted": file["sha256"], "start": start, "size": left})
    while left and (piece := sys.stdin.buffer.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
    if left:
        problem = f"model {model}: {name} ended {left} bytes before its end"
        raise AgentError(problem, f"check that the file is whole, then {again}")


def _ask(wanted: Wanted) -> None:
    print(json.dumps(wanted), flush=True)
