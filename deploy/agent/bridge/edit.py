"""Operations `edit_database` and `give_database`: a person edits a copy of a database while its service is stopped.

One agent stops the service, waits for the edited copy, and starts the service again, whatever becomes of its asker.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from deploy.agent.bridge.databases import databases_of
from deploy.agent.contract.frames import PIECE, CutOffError
from deploy.agent.data.copy import take_copy
from deploy.agent.data.owners import ensure_own
from deploy.agent.data.places import remember_places
from deploy.agent.data.put_back import finish_put_back, swap_in
from deploy.agent.data.sound import released_places
from deploy.agent.data.trees import OURS, copied_digest
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.errors import AgentError, naming, told
from deploy.agent.inputs.sent import piped
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.decided import data_of, released_service
from deploy.agent.releases.running import start
from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import EditAnswer, EditRequest
    from deploy.agent.contract.deployed import Service
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.releases import ServicesRequest

EDITED = f"{OURS}edited"


class Edited(NamedTuple):
    """The edited database in a folder beside the data, with its entry in a manifest."""

    folder: Path
    manifest: dict[str, Any]


def run(request: EditRequest, journal: Journal) -> EditAnswer:
    """Stop the service, give a copy of its main database away, put what comes back in its place, and start."""
    root = Path(request["root"])
    service = released_service(root, request["service"])
    database = databases_of(service)[0]
    ensure_own(root, data_of(service)["host_path"])
    finish_put_back(root, journal)
    container = of_stack(Docker().containers({"kit.stack": request["stack"]}), request["stack"]).get(service["name"])
    running = container["Id"] if container and is_up(container) else ""
    with _stopped(root, running, service["name"], journal), _copied(root, service, database, journal) as copy:
        edited = _received(root, copy, database, journal)
        if edited is None:
            return {"changed": False, "database": str(database), "aside": ""}
        ensure_own(root, data_of(service)["host_path"])
        with shielded(), journal.step(f"replace {database.name}"):
            aside = swap_in(root, service["name"], edited.manifest, edited.folder)
    if running:
        _proven(request, edited, aside, journal)
    return {"changed": True, "database": str(database), "aside": str(aside or "")}


def give(request: StackRequest, _journal: Journal) -> Iterator[bytes]:
    """Yield the copy that waits to be edited."""
    (copy,) = _folder(Path(request["root"])).glob("data/*")
    with copy.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield piece


@contextmanager
def _stopped(root: Path, running: str, name: str, journal: Journal) -> Iterator[None]:
    """Stop a running service for the block, and start it afterwards in any case."""
    if not running:
        yield
        return
    try:
        with journal.step(f"stop {name}"):
            stop_container(Docker(), running)
        yield
    finally:
        with shielded(), journal.step(f"start {name}"):
            # A service that finds no database makes an empty one.
            finish_put_back(root, journal)
            Docker().start(running)


@contextmanager
def _copied(root: Path, service: Service, database: Path, journal: Journal) -> Iterator[Path]:
    """Copy the database for the block, with what its log holds."""
    folder, source = _folder(root), data_of(service)["host_path"]
    shutil.rmtree(folder, ignore_errors=True)
    items = [{"sqlite": str(database.relative_to(source))}]
    try:
        if not database.is_file():
            raise AgentError(f"{database} is not there", f"see `{Line('status')}`")
        take_copy({"service": service["name"], "host_path": source, "items": items}, folder, journal)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(root: Path) -> Path:
    return root / "run" / "edit"


def _received(root: Path, copy: Path, database: Path, journal: Journal) -> Edited | None:
    """Receive the edited database beside the data, and check it; None if it is as it was."""
    manifest, folder = read_json(copy / "manifest.json") or {}, database.parent / EDITED
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        with naming(folder / database.name), (folder / database.name).open("xb") as stream:
            _write(stream, database.name)
            # The edit took long, and the folder may have been renamed meanwhile.
            ensure_own(root, manifest["host_path"])
            if copied_digest(folder / database.name) == manifest["files"][0]["sha256"]:
                shutil.rmtree(folder)
                return None
            with journal.step(f"check {database.name}"):
                _ensure_whole(folder / database.name)
            # By the open file: the data's owner may put a link in its place meanwhile.
            status = database.stat()
            os.fchown(stream.fileno(), status.st_uid, status.st_gid)
            os.fchmod(stream.fileno(), status.st_mode & 0o7777)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return Edited(folder, manifest)


def _write(stream: IO[bytes], name: str) -> None:
    try:
        for piece in piped(name):
            stream.write(piece)
    except CutOffError:
        raise AgentError(f"no edited {name} came back", "nothing was changed") from None
    stream.flush()
    os.fsync(stream.fileno())


def _ensure_whole(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as connection:
            (said,) = connection.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.Error as problem:
        said = str(problem)
    if said != "ok":
        raise AgentError(f"the edited {path.name} is broken: {said}", "nothing was changed; edit it again")


def _proven(request: EditRequest, edited: Edited, aside: Path | None, journal: Journal) -> None:
    """Wait until the service is healthy with the edited database; put the former one back if it never is."""
    root, name = Path(request["root"]), request["service"]
    remember_places(root, {name: released_places(root)[name]})
    wanted: ServicesRequest = {"stack": request["stack"], "root": request["root"], "services": [name]}
    try:
        start({**wanted, "health_timeouts": {name: request["health_timeout"]}}, journal)
    except BaseException as problem:
        with shielded():
            _return(request, edited, aside, journal)
        if not isinstance(problem, (AgentError, OSError)):
            raise
        failure = told(problem)
        raise AgentError(
            f"{name} does not run with the edited database, and the former one is back: {failure.problem}",
            failure.next_step,
        ) from problem


def _return(request: EditRequest, edited: Edited, aside: Path | None, journal: Journal) -> None:
    root, name = Path(request["root"]), request["service"]
    if aside is None:
        return
    containers = of_stack(Docker().containers({"kit.stack": request["stack"]}), request["stack"])
    with journal.step("return to the former database"):
        if name in containers:
            stop_container(Docker(), containers[name]["Id"])
        there = [{"path": path.name} for path in aside.iterdir()]
        swap_in(root, name, {**edited.manifest, "files": there}, aside)
        remember_places(root, {name: released_places(root)[name]})
        if name in containers:
            Docker().start(containers[name]["Id"])
