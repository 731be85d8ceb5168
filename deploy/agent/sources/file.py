"""A model's file that the control node has and sends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.agent.inputs.children import Children
from deploy.agent.inputs.pace import Pace
from deploy.agent.inputs.sent import sent
from deploy.agent.journal import Journal
from deploy.agent.sources.placed import place_resumed

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob
    from deploy.agent.contract.inputs import Fetching, ModelFile

STAGED = 0


def bring(model: ModelFile, _request: Fetching, journal: Journal, _children: Children) -> None:
    """Write the file to the model's place while it arrives, resumed after an interrupted run."""
    name = model["source"]["file"]["name"]

    def rest(start: int) -> Iterator[bytes]:
        pace, done = Pace(journal, f"copying {name}", model["size"]), start
        for piece in sent(model["name"], model, start) if start < model["size"] else ():
            done += len(piece)
            pace.at(done)
            yield piece

    place_resumed(rest, model, journal, name)


@contextmanager
def opened(
    model: str, blob: Blob, _request: Fetching, _journal: Journal, _children: Children
) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Yield the file's name and its bytes while they arrive."""
    pieces = sent(model, blob)
    yield blob["source"]["file"]["name"], pieces
    # An engine that got the file from elsewhere stops reading, and the next file comes behind this one.
    for _ in pieces:
        pass
