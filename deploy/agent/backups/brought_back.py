"""Models of a backup that has their weights: those that an engine lacks come back, and no other one is touched."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from deploy.agent.backups.fetched import fetch_all
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import SHORT, dumped
from deploy.agent.backups.space import UNCHANGED, ensure_space
from deploy.agent.data.owners import ensure_own
from deploy.agent.data.restoring import FETCHED
from deploy.agent.data.trees import copied_digest
from deploy.agent.errors import AgentError, told
from deploy.agent.inputs.disk import Need
from deploy.agent.journal import Journal
from deploy.agent.line import Line

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, ModelStore, Snapshot, Statement
    from deploy.agent.contract.restores import RestoreAnswer

FOLDER_MODE = 0o755


def weighed_engines(backup: Backup, said: Statement) -> list[str]:
    """Return the engines of this host whose models' weights a backup has."""
    return [store["service"] for store in backup["stores"] if store["service"] in said.get("weights", {})]


class Lacking(NamedTuple):
    """An engine, its folder, and the files of a backup that are not whole there."""

    engine: str
    folder: Path
    files: list[dict[str, Any]]

    @property
    def need(self) -> Need:
        """Space that the files take."""
        return Need(self.folder, sum(file["size"] for file in self.files), f"the models of {self.engine}")


def lacking_models(
    root: Path, restic: Restic, snapshot: Snapshot, stores: list[ModelStore], journal: Journal
) -> list[Lacking]:
    """Return what these engines lack; the content of each file there is compared with its checksum."""
    lacking = []
    for store in stores:
        with journal.step(f"look at the models of {store['service']}"):
            folder = Path(store["models_dir"])
            ensure_own(root, str(folder))
            shutil.rmtree(folder / FETCHED, ignore_errors=True)
            said: dict[str, Any] = dumped(restic, snapshot["id"], f"data/{store['service']}/manifest.json")
            lacking.append(Lacking(store["service"], folder, _lacking(folder, said)))
    return lacking


def bring_back(
    restic: Restic,
    snapshot: Snapshot,
    lacking: list[Lacking],
    answer: RestoreAnswer,
    journal: Journal,
    again: Line | str,
) -> None:
    """Bring back the models that engines lack, and add the engines to the answer; no service stops for it."""
    for number, each in enumerate(lacking):
        name = each.engine
        with journal.step(f"restore the models of {name}"):
            try:
                is_changed = _brought_back(restic, snapshot["id"], each, journal, again)
            except (AgentError, OSError) as problem:
                failure = told(problem, again)
                missing = " ".join(f"--only {other.engine}" for other in lacking[number:])
                before = [f"what was there before: {path}" for path in answer["aside"].values() if path]
                rest = f"all else is restored; these models alone: {missing}"
                # The data of services is restored by now.
                step = failure.next_step.replace(UNCHANGED, f"no model of {name} was changed")
                failure.next_step = "\n".join([step, rest, *before])
                raise failure from problem
        if is_changed:
            answer["changed"] = True
            answer["parts"].append(name)


def _brought_back(restic: Restic, snapshot: str, lacking: Lacking, journal: Journal, again: Line | str) -> bool:
    engine, folder, files = lacking
    if not files:
        return False
    inside, target = f"data/{engine}", folder / FETCHED
    folder.mkdir(parents=True, exist_ok=True)
    ensure_space([lacking.need])
    target.mkdir(mode=0o700)
    try:
        journal.say(f"fetching the models of {engine}")
        insides = [f"{inside}/data/{file['path']}" for file in files]
        fetch_all(restic, snapshot, insides, target, again)
        _ensure_whole(target / inside / "data", files, snapshot)
        _place(target / inside / "data", folder, files)
    finally:
        shutil.rmtree(target, ignore_errors=True)
    return True


def _lacking(folder: Path, said: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files of models that are not here, or not whole; a model of that name with another digest stays."""
    from deploy.agent.protocols.doors.making import stored
    from deploy.agent.protocols.doors.names import same

    here, known = stored(str(folder)) or {}, {file["path"]: file for file in said["files"]}
    lacking: dict[str, dict[str, Any]] = {}
    for name, paths in said["models"].items():
        *parts, manifest = paths
        there = here.get(same(name))
        digest = there.live.digest if there else ""
        if digest not in ("", known[manifest]["sha256"]):
            continue
        wanted = [path for path in parts if not _is_there(folder / path, known[path])]
        lacking |= {path: known[path] for path in (*wanted, *([] if digest else [manifest]))}
    return list(lacking.values())


def _is_there(path: Path, known: dict[str, Any]) -> bool:
    """True for a file that another model has as well, unless its content has rotted: then it is replaced."""
    is_like = path.is_file() and not path.is_symlink() and path.stat().st_size == known["size"]
    return is_like and copied_digest(path) == known["sha256"]


def _ensure_whole(fetched: Path, files: list[dict[str, Any]], snapshot: str) -> None:
    for file in files:
        path = fetched / file["path"]
        if not path.is_file() or path.is_symlink() or copied_digest(path) != file["sha256"]:
            raise AgentError(
                f"{file['path']} is damaged in the backup {snapshot[:SHORT]}", "no model was changed; choose another"
            )


def _place(fetched: Path, folder: Path, files: list[dict[str, Any]]) -> None:
    """Rename the files in, each manifest behind the files that it names: an engine lists no half of a model."""
    owner = folder.stat()
    for file in sorted(files, key=lambda file: not file["path"].startswith("blobs/")):
        ready, there = fetched / file["path"], folder / file["path"]
        for parent in reversed(there.relative_to(folder).parents[:-1]):
            if not (folder / parent).exists():
                (folder / parent).mkdir(mode=FOLDER_MODE)
                os.chown(folder / parent, owner.st_uid, owner.st_gid)
        os.chown(ready, owner.st_uid, owner.st_gid)
        ready.rename(there)
