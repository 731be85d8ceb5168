"""The repository: made once, and never made anew in the place of one that is gone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.damage import kept_in
from deploy.agent.backups.files import snapshots_on_disk
from deploy.agent.backups.restic import NO_REPOSITORY, Restic
from deploy.agent.backups.sftp import is_remote
from deploy.agent.errors import AgentError
from deploy.agent.mounts import mount_of
from deploy.agent.stack.backup_memory import read, remember

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup

_BEGUN = frozenset({"data", "index", "keys", "locks", "snapshots"})
_FULL = ("data", "index", "snapshots")
"""Folders of a repository that are empty until its first backup."""


def ensure_repository(root: Path, restic: Restic) -> bool:
    """Make the repository if there was none before; return True if it was made.

    A missing repository that was there once lies on a drive that is not mounted: another one in its place would fill
    the wrong disk, and nobody would look for the first.
    """
    place = restic.repository
    known = read(root).get("repository") or {}
    if known.get("path") == place and (snapshots_on_disk(place) or set()) & kept_in(root, place):
        # No other repository has a snapshot of this one.
        return False
    there = _id(restic) if is_remote(place) or (Path(place) / "config").exists() else None
    if there is not None:
        if known.get("path") == place and known["id"] != there:
            raise AgentError(
                f"{place} holds another repository than before",
                f"mount the drive of the former one, or remove {root}/backups.json to begin with this one",
            )
        remember(root, repository={"path": place, "id": there})
        return False
    if known.get("path") == place:
        raise AgentError(
            f"the repository {place} is gone, or its drive is not mounted",
            f"mount it; if it is lost for good, remove {root}/backups.json, and the next backup makes another one",
        )
    if not is_remote(place):
        _ensure_folder(Path(place))
    restic.ask("init")
    remember(root, repository={"path": place, "id": _id(restic)})
    return True


def _ensure_folder(path: Path) -> None:
    if _is_foreign(path):
        raise AgentError(f"{path} holds something else than a repository", "name an empty folder in kit.yaml")
    path.mkdir(mode=0o700, parents=True, exist_ok=True)


def on_same_disk(backup: Backup) -> list[str]:
    """Return the services whose data lies on the file system of the repository."""
    if is_remote(backup["repository"]):
        return []
    own = mount_of(Path(backup["repository"])).point
    return [data["service"] for data in backup["data"] if mount_of(Path(data["host_path"])).point == own]


def _is_foreign(path: Path) -> bool:
    """True if a folder holds anything but the beginning of a repository: an interrupted run may have left one."""
    if not path.is_dir():
        return False
    is_begun = {child.name for child in path.iterdir()} <= _BEGUN
    return not is_begun or any(file.is_file() for part in _FULL for file in (path / part).rglob("*"))


def _id(restic: Restic) -> str | None:
    """Return a repository's id; None if there is no repository."""
    said = restic.run("cat", "config")
    if said.kind == NO_REPOSITORY:
        return None
    if said.status != 0:
        raise restic.failure("cat", said)
    return str(said.document["id"])
