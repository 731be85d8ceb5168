"""Files of the control node: asked for on standard output, read from standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Wanted
    from deploy.agent.contract.inputs import SourcedFile


def sent(model: str, file: SourcedFile) -> Iterator[bytes]:
    """Ask for a model's file and yield its bytes; its size detects a stream that broke off."""
    name, left = file["source"]["file"]["name"], file["size"]
    again = f"run `{Line('apply')}` again"
    wanted: Wanted = {"wanted": file["sha256"], "size": left}
    print(json.dumps(wanted), flush=True)
    while left and (piece := sys.stdin.buffer.read(min(PIECE, left))):
        left -= len(piece)
        yield piece
    if left:
        problem = f"model {model}: {name} ended {left} bytes before its end"
        raise AgentError(problem, f"check that the file is whole, then {again}")
