"""Parts of a snapshot, fetched beside their place and checked byte by byte before anything is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.copies import SECRETS
from deploy.agent.backups.restic import MOST_TOLD, Restic
from deploy.agent.backups.snapshots import SHORT, unreadable
from deploy.agent.backups.space import UNCHANGED, ensure_space, sizes_in
from deploy.agent.data.restoring import FETCHED, shared_folder
from deploy.agent.data.trees import copied_digest
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.inputs.disk import Need
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, SharedFolders

HOST_SECRETS = "secrets"


@dataclass(frozen=True)
class Place:
    """A part of a snapshot, and the folder that it belongs to."""

    part: str
    inside: str
    """Path in the snapshot."""
    host_path: Path


@dataclass(frozen=True)
class Fetched:
    """A checked part of a snapshot on the file system of its place."""

    place: Place
    manifest: dict[str, Any]
    data: Path


def places_of(root: Path, backup: Backup) -> dict[str, Place]:
    """Return the parts that the current release has a place for: each service's data, and the secrets."""
    places = [Place(data["service"], f"data/{data['service']}", Path(data["host_path"])) for data in backup["data"]]
    shared = [each["service"] for each in shared_of(backup)]
    places += [Place(part, f"data/{part}", shared_folder(root) / part) for part in shared]
    return {place.part: place for place in (*places, Place(HOST_SECRETS, SECRETS, root))}


def shared_of(backup: Backup) -> list[SharedFolders]:
    """Return the folders that people share with services."""
    return backup.get("shared", [])


@contextmanager
def fetched(
    restic: Restic, snapshot: str, places: list[Place], journal: Journal, again: Line | str, more: Sequence[Need] = ()
) -> Iterator[list[Fetched]]:
    """Fetch parts of a snapshot, each beside its place; what is left of them is removed at the end.

    `again` is the line to type after a full disk. The space for `more` has to be there as well.
    """
    try:
        for place in places:
            # Mostly nothing is there; an interrupted run may have left something.
            shutil.rmtree(place.host_path / FETCHED, ignore_errors=True)
        sizes = sizes_in(restic, snapshot, [place.inside for place in places]) if places else {}
        ensure_space([*(Need(place.host_path, sizes[place.inside], place.part) for place in places), *more])
        yield [_fetch(restic, snapshot, place, journal, again) for place in places]
    finally:
        # A restore that worked does not fail for what it leaves; the next one must remove it before it begins.
        for place in places:
            shutil.rmtree(place.host_path / FETCHED, ignore_errors=True)


def fetch_all(restic: Restic, snapshot: str, insides: list[str], target: Path, again: Line | str) -> None:
    """Restore these paths of a snapshot into a folder; raise AgentError if the repository lacks a byte of them."""
    includes = [word for inside in insides for word in ("--include", f"/{inside}")]
    said = restic.run("restore", snapshot, "--target", str(target), *includes)
    if said.status != 0 or said.complaints:
        raise full_disk(target, said.complaints[-MOST_TOLD:], again) or unreadable(snapshot, said)


def _fetch(restic: Restic, snapshot: str, place: Place, journal: Journal, again: Line | str) -> Fetched:
    target = place.host_path / FETCHED
    place.host_path.mkdir(parents=True, exist_ok=True)
    target.mkdir(mode=0o700)
    journal.say(f"fetching {place.part}")
    fetch_all(restic, snapshot, [place.inside], target, again)
    folder = target / place.inside
    manifest = read_json(folder / "manifest.json")
    if manifest is None or manifest.get("format") != 1:
        raise AgentError(
            f"the backup {snapshot[:SHORT]} holds no {place.part}", f"the backups: {Line('backup', 'list')}"
        )
    for file in manifest["files"]:
        if file["kind"] == "file" and not _is_whole(folder / "data" / file["path"], file["sha256"]):
            raise AgentError(
                f"{file['path']} of {place.part} is damaged in the backup {snapshot[:SHORT]}",
                f"{UNCHANGED}; `{Line('backup', 'list')}` shows the others",
            )
    # The data may have moved since, or be restored on another host.
    return Fetched(place, {**manifest, "host_path": str(place.host_path)}, folder / "data")


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and not path.is_symlink() and copied_digest(path) == sha256
