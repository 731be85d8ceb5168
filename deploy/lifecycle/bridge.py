"""A person's way to the files of a service: its folders, its database, and documents for it."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.contract.verbs import ADD, BRIDGE, EDIT_DATABASE, GIVE_DATABASE, WATCH_BRIDGE
from deploy.components import room_of
from deploy.errors import KitError, UsageError
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held
from deploy.spec.loading.loader import load_spec
from deploy.spec.placed import Placed, services
from deploy.stack import Stack

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from deploy.agent.contract.bridge import (
        AddAnswer,
        AddRequest,
        BridgeAnswer,
        BridgeRequest,
        Document,
        EditAnswer,
        EditRequest,
        Watched,
        WatchRequest,
    )
    from deploy.agent.contract.envelope import StackRequest

WATCH_SECONDS = 2.0
PIECE = 2**20
UNCHANGED = "nothing was changed"
Editor = Callable[[Path], None]
"""Lets a person edit a file; raises KitError if the result does not count."""


@dataclass(frozen=True)
class Bridged:
    """A service whose files people reach."""

    stack: str
    service: Placed

    def request(self) -> BridgeRequest:
        """Return a question about the service."""
        return {"stack": self.stack, "root": Stack(self.stack).root, "service": self.service.name}


def bridged(path: Path) -> Bridged:
    """Return the service of a kit.yaml whose files people reach."""
    spec = load_spec(path)
    for service in services(spec):
        if room_of(service.spec.kind).is_bridged:
            return Bridged(spec.stack, service)
    raise UsageError(f"{path} has no service with files for people", "write `webui:` in it")


def look(bridge: Bridged, transport: Transport) -> BridgeAnswer:
    """Return the service's folders and databases."""
    return transport.call(BRIDGE, bridge.request())


def watch(bridge: Bridged, transport: Transport) -> Iterator[Watched]:
    """Yield each change in the service's folders, without an end."""
    request: WatchRequest = {**bridge.request(), "interval_seconds": WATCH_SECONDS, "attended": True}
    for line in transport.lines(WATCH_BRIDGE, request):
        yield cast("Watched", json.loads(line))


def edit(bridge: Bridged, transport: Transport, on_line: OnLine, editor: Editor) -> EditAnswer:
    """Let a person edit a copy of the database here while its service is stopped; the host puts it in place."""
    with held(transport, bridge.stack, "kit bridge edit-db", on_line) as base:
        timeout = float(bridge.service.spec.health_timeout)
        request: EditRequest = {**base, "service": bridge.service.name, "health_timeout": timeout, "attended": True}

        def opened(name: str, _start: int) -> AbstractContextManager[Iterable[bytes]]:
            return _edited(transport, base, name, editor)

        return transport.send(EDIT_DATABASE, request, opened)


@contextmanager
def _edited(transport: Transport, base: StackRequest, name: str, editor: Editor) -> Iterator[Iterable[bytes]]:
    """Bring the copy here, let it be edited, and give its bytes; a broken one stays here for its editor."""
    folder = Path(tempfile.mkdtemp(prefix="kit-edit-"))
    path = folder / name
    try:
        with transport.receive(GIVE_DATABASE, base) as pieces, path.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
        editor(path)
        problem = settled(path)
        if problem:
            raise KitError(f"the edited {name} is broken: {problem}", f"{UNCHANGED}; the broken copy is {path}")
        yield _pieces(path)
    except KitError as error:
        if str(path) in error.next_step:
            raise
        shutil.rmtree(folder)
        raise
    except BaseException:
        shutil.rmtree(folder)
        raise
    else:
        shutil.rmtree(folder)


def settled(path: Path) -> str:
    """Bring an edited database's log into it, and check it; return the problem, or nothing."""
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            (busy, *_) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            (said,) = connection.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.Error as problem:
        return str(problem)
    if busy:
        return "another program has it open"
    return "" if said == "ok" else str(said)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


def add(bridge: Bridged, transport: Transport, on_line: OnLine, to: str, files: tuple[Path, ...]) -> AddAnswer:
    """Add files to a knowledge base of the service; files that are there already are not sent."""
    documents = [_document(path) for path in files]
    paths = {document["sha256"]: path for document, path in zip(documents, files, strict=True)}

    @contextmanager
    def opened(name: str, _start: int) -> Iterator[Iterable[bytes]]:
        yield _pieces(paths[name])

    with held(transport, bridge.stack, "kit bridge add", on_line) as base:
        request: AddRequest = {**base, "service": bridge.service.name, "to": to, "documents": documents}
        return transport.send(ADD, request, opened)


def _document(path: Path) -> Document:
    digest = hashlib.sha256()
    for piece in _pieces(path):
        digest.update(piece)
    return {"name": path.name, "sha256": digest.hexdigest(), "size": path.stat().st_size}
