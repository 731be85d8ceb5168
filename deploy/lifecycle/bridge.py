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
from deploy.agent.line import Line
from deploy.components import room_of
from deploy.errors import KitError, UsageError, typed
from deploy.hosts.wire.transport import OnLine, Transport
from deploy.lifecycle.held import held
from deploy.spec.loading.loader import load_spec
from deploy.spec.placed import Placed, services
from deploy.stack import Stack

if TYPE_CHECKING:
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
    with _kept_for_its_editor() as copy, held(transport, bridge.stack, "kit bridge edit-db", on_line) as base:
        timeout = float(bridge.service.spec.health_timeout)
        request: EditRequest = {**base, "service": bridge.service.name, "health_timeout": timeout, "attended": True}

        @contextmanager
        def opened(name: str, _start: int) -> Iterator[Iterable[bytes]]:
            path = copy.received(name, transport, base)
            editor(path)
            if problem := settled(path):
                raise KitError(f"the edited {name} is broken: {problem}", f"{UNCHANGED}; the broken copy is {path}")
            yield _pieces(path)

        return transport.send(EDIT_DATABASE, request, opened)


class _Copy:
    """A database of a host, in a folder of its own here."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="kit-edit-"))
        self._path: Path | None = None
        self._sha256 = ""

    def received(self, name: str, transport: Transport, base: StackRequest) -> Path:
        """Bring the copy here."""
        path = self.folder / name
        with transport.receive(GIVE_DATABASE, base) as pieces, path.open("wb") as stream:
            for piece in pieces:
                stream.write(piece)
        self._path, self._sha256 = path, _document(path)["sha256"]
        return path

    @property
    def edited(self) -> Path | None:
        """The copy, if a person changed anything in it."""
        if self._path is None or not self._path.is_file():
            return None
        log = Path(f"{self._path}-wal")
        has_log = log.is_file() and log.stat().st_size > 0
        return self._path if has_log or _document(self._path)["sha256"] != self._sha256 else None


@contextmanager
def _kept_for_its_editor() -> Iterator[_Copy]:
    """Give a place for a copy, and remove it; an edited copy stays if it did not come into the host's place."""
    copy = _Copy()
    try:
        yield copy
    except KitError as error:
        if edited := copy.edited:
            if str(edited) not in error.next_step:
                line = Line("bridge", "edit-db", "--with", f"cp {typed(edited)}")
                kept = f"your edited copy is {edited}: `{line}` puts it in place"
                error.next_step = "\n".join(filter(None, (error.next_step, kept)))
            raise
        shutil.rmtree(copy.folder)
        raise
    except BaseException:
        shutil.rmtree(copy.folder)
        raise
    shutil.rmtree(copy.folder)


def settled(path: Path) -> str:
    """Bring an edited database's log into it, and check it; return the problem, or nothing."""
    if not path.is_file():
        return "it is gone"
    try:
        with closing(sqlite3.connect(path, timeout=1)) as connection:
            (busy, *_) = connection.execute("pragma wal_checkpoint(truncate)").fetchone()
            (said,) = connection.execute("pragma integrity_check(1)").fetchone()
            (tables,) = connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error as problem:
        return str(problem)
    if busy:
        return "another program has it open"
    if not tables:
        # SQLite takes an empty file for a whole database, and the service would begin anew in it.
        return "it is empty"
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
