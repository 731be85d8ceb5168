"""Takes a consistent copy of a service's user data: databases by SQLite's online backup, trees file by file."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from deploy.agent.data.flushed import flush
from deploy.agent.data.pending import read_pending
from deploy.agent.data.trees import SIDE_FILES, Entry, clear_other, copied_digest, copy_entry, entry, own, walk
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import SPARE, Need, ensure_room
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import CopiedData
    from deploy.agent.contract.releases import CopyAnswer, CopyRequest

KEPT_COPIES = 3
HELPERS = 2
"""Threads that flush and check what was copied while the next file is."""
BUSY_SECONDS = 30
FULL = "database or disk is full"
"""SQLite's words for a disk without space."""
THEN = ", then run the same command again; nothing was changed"
"""Words behind the advice to free some space."""


def run(request: CopyRequest, journal: Journal) -> CopyAnswer:
    """Take one copy now; the service may go on writing."""
    root = Path(request["root"])
    with journal.step(f"copy of {request['service']}"):
        folder = (
            Path(request["to"]) if request.get("to") else new_folder(root, request["service"], request.get("release"))
        )
        manifest = take_copy(request, folder, journal)
        prune(root, request["service"])
    return {"changed": True, "folder": str(folder), "files": len(manifest["files"])}


def new_folder(root: Path, service: str, release: str | None) -> Path:
    """Return the folder for the next copy of a service's data; the folders that hold it are root's alone."""
    root.mkdir(parents=True, exist_ok=True)
    for parent in (root / "copies", root / "copies" / service):
        # Each by itself: `parents` gives them the default mode.
        parent.mkdir(mode=0o700, exist_ok=True)
    moment = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    return root / "copies" / service / f"{moment}-{(release or 'none')[:12]}"


def take_copy(request: CopiedData, folder: Path, journal: Journal) -> dict[str, Any]:
    """Copy into a folder, or update the copy there; a copy without its manifest is incomplete."""
    source, target = Path(request["host_path"]), folder / "data"
    known = read_json(folder / "manifest.json") or {"files": []}
    (folder / "manifest.json").unlink(missing_ok=True)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    target.mkdir(mode=0o700, exist_ok=True)
    databases = [item["sqlite"] for item in request["items"] if "sqlite" in item]
    declared = sorted({path for item in request["items"] for path in item.values()})
    present = [path for path in declared if os.path.lexists(source / path)]
    left_out = request.get("left_out", [])
    files = _parents(source, list(_listed(source, present, databases, left_out)))
    before = {file["path"]: file for file in known["files"]}
    # What an earlier run of the same copy brought is there already.
    size = sum(file["size"] for file in files if before.get(file["path"], {}).get("size") != file["size"])
    ensure_room([Need(folder.parent, size, "a copy of the data")], SPARE, THEN)
    journal.say(f"copying the data of {request['service']}", None, sum(file["size"] for file in files))
    copied = _copied(source, target, files, databases, before)
    _drop_others(target, {file["path"] for file in copied})
    for file in reversed(copied):
        own(target, file)
    manifest = {
        "format": 1,
        "service": request["service"],
        "taken": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "host_path": request["host_path"],
        "items": request["items"],
        **({"left_out": left_out} if left_out else {}),
        "missing": [path for path in declared if path not in present],
        "files": copied,
    }
    write_json(folder / "manifest.json", manifest)
    return manifest


def _copied(
    source: Path, target: Path, files: list[Entry], databases: list[str], before: dict[str, Entry]
) -> list[Entry]:
    """Copy everything to the disk: folders first, and databases ahead of the files that are derived from them."""
    ordered = sorted(files, key=lambda file: (file["kind"] != "folder", file["path"] not in databases))
    copied: list[Entry] = []
    checked: list[Future[Entry]] = []
    flushed: list[Future[None]] = []
    with _helpers() as helpers:
        for known in ordered:
            if known["path"] in databases:
                _copy_database(source, target, known)
                flushed.append(helpers.submit(flush, target / known["path"]))
                checked.append(helpers.submit(_checked, source, target, known))
                continue
            with suppress(FileNotFoundError):
                # Deleted by the service since it was listed: then it is no part of the data any more.
                copied.append(
                    copy_entry(
                        source,
                        target,
                        known,
                        before.get(known["path"]),
                        lambda there: flushed.append(helpers.submit(flush, there)),
                    )
                )
        for flushing in flushed:
            flushing.result()
        return sorted((*copied, *(database.result() for database in checked)), key=lambda file: str(file["path"]))


@contextmanager
def _helpers() -> Iterator[Executor]:
    """Give threads for what needs no order; none of them outlives the block."""
    helpers = ThreadPoolExecutor(HELPERS)
    try:
        yield helpers
    finally:
        helpers.shutdown(cancel_futures=True)


def _listed(source: Path, present: list[str], databases: list[str], left_out: list[str]) -> Iterator[Entry]:
    """Describe every file to copy once; a database and its side files are copied apart."""
    apart = {database + suffix for database in databases for suffix in ("", *SIDE_FILES)} | {*left_out}
    for path in sorted(set(present)):
        if path in databases:
            yield entry(source, path)
        else:
            for inner in walk(source, path, lambda relpath: relpath in apart):
                yield entry(source, inner)


def _parents(source: Path, files: list[Entry]) -> list[Entry]:
    """Add the parent folders, so that a copy's folders are made before their files."""
    known = {file["path"]: file for file in files}
    for path in list(known):
        for parent in Path(path).parents:
            if str(parent) not in (".", "") and str(parent) not in known:
                known[str(parent)] = entry(source, str(parent))
    return [known[path] for path in sorted(known)]


def _copy_database(source: Path, target: Path, known: Entry) -> None:
    there = target / known["path"]
    if known["kind"] != "file":
        raise AgentError(
            f"{source / known['path']} is a {known['kind']}, not a database", "put the database itself there"
        )
    clear_other(there, known["kind"])
    there.unlink(missing_ok=True)
    try:
        address = f"file:{quote(str(source / known['path']))}?mode=ro"
        live, copied = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS), sqlite3.connect(there)
        with closing(live), closing(copied):
            # The whole copy is flushed once, behind its check.
            copied.execute("pragma synchronous=off")
            live.backup(copied)
    except sqlite3.Error as problem:
        raise _uncopied(source, there, known, str(problem)) from problem


def _checked(source: Path, target: Path, known: Entry) -> Entry:
    """Describe the copy of a database, which is whole."""
    there = target / known["path"]
    try:
        # Nobody writes it: no log is needed beside it.
        with closing(sqlite3.connect(f"file:{quote(str(there))}?mode=ro&immutable=1", uri=True)) as copied:
            (said,) = copied.execute("pragma quick_check(1)").fetchone()
    except sqlite3.Error as problem:
        said = str(problem)
    if said != "ok":
        raise _uncopied(source, there, known, said)
    return {**known, "size": there.stat().st_size, "sha256": copied_digest(there)}


def _uncopied(source: Path, there: Path, known: Entry, said: str) -> AgentError:
    if said == FULL:
        return AgentError(f"the disk of {there.parent} is full", f"free some space there{THEN}")
    return AgentError(
        f"the database {source / known['path']} could not be copied: {said}",
        "nothing was changed; restore a backup, or repair it with `sqlite3 FILE .recover`",
    )


def _drop_others(target: Path, kept: set[str]) -> None:
    for folder, folders, files in os.walk(target, topdown=False):
        for name in (*files, *folders):
            path = Path(folder) / name
            if str(path.relative_to(target)) not in kept:
                path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def half_copies(root: Path) -> list[Path]:
    """Return the unfinished copies."""
    return sorted(folder for folder in (root / "copies").glob("*/*") if not (folder / "manifest.json").exists())


def prune(root: Path, service: str) -> None:
    """Keep the newest copies of a service, and any copy that a rollback would need."""
    needed = {copy["folder"] for copy in read_pending(root).values()}
    folders = sorted((root / "copies" / service).glob("*"))
    for folder in folders[:-KEPT_COPIES]:
        if str(folder) not in needed:
            shutil.rmtree(folder)
