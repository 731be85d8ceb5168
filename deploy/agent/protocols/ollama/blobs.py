"""The files of a model: their sources, and checks of size and sha256 on the way to the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from deploy.agent.errors import AgentError
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.pace import Pace
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.sources.kinds import source_of

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Blob, SyncRequest


class Blobs:
    """Opens the source of a blob; nothing of it stays on this host afterwards."""

    def __init__(self, request: SyncRequest, journal: Journal, children: Children) -> None:
        self._request = request
        self._journal = journal
        self._children = children

    @contextmanager
    def opened(self, model: str, blob: Blob) -> Iterator[Iterator[bytes]]:
        """Yield a blob's bytes, the last piece only after all of them were checked."""
        source = source_of(blob["source"])
        with source.opened(model, blob, self._request, self._journal, self._children) as (what, pieces):
            yield verified(model, what, blob, pieces, Pace(self._journal, f"uploading {what}", blob["size"]))


def verified(model: str, what: str, blob: Blob, pieces: Iterable[bytes], pace: Pace) -> Iterator[bytes]:
    """Pass bytes on, the last piece only if size and sha256 are right: the engine never has a complete wrong file."""
    digest, size, held = hashlib.sha256(), 0, b""
    for piece in pieces:
        size += len(piece)
        if size > blob["size"]:
            break
        digest.update(piece)
        if held:
            yield held
            pace.at(size)
        held = piece
    if size != blob["size"]:
        actual = f"more than {blob['size']}" if size > blob["size"] else str(size)
        raise AgentError(
            f"model {model}: {what} has {actual} bytes, expected {blob['size']}",
            f"`{Line('lock', '--upgrade', model)}` reads it again",
        )
    if digest.hexdigest() != blob["sha256"]:
        raise AgentError(
            f"model {model}: {what}: expected sha256 {blob['sha256']}, got {digest.hexdigest()}",
            "write this file's sha256 into kit.yaml if it is the right one, or provide the other file",
        )
    yield held
