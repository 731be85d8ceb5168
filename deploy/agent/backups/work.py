"""A release's backup: `backup.json` beside its other files, read by jobs and commands alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from deploy.agent.backups.restic import Restic
from deploy.agent.backups.sftp import options
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.line import Line
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import read
from deploy.agent.stack.release import linked_release
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup

FILE = "backup.json"
FORMAT = 1


def released_backup(root: Path) -> Backup:
    """Return the backup of the current release; raise AgentError if it has none."""
    if linked_release(root, "current") is None:
        raise AgentError("there is no release on this host", f"run `{Line('apply')}` first")
    document = read_json(root / "current" / FILE)
    if document is None:
        raise AgentError(
            "the release on this host has no backup",
            f"write `backup: {{repository: PATH}}` in kit.yaml, then `{Line('apply')}`",
        )
    if document["format"] > FORMAT:
        raise AgentError("the release on this host was placed by a newer kit", "use the kit that placed it")
    return cast("Backup", document)


def restic_of(root: Path, backup: Backup, inherited: int | None = None) -> Restic:
    """Return restic on a release's repository, with the key of this host."""
    key = secret_path(root, BACKUP_OWNER, BACKUP_KEY)
    if not key.exists():
        raise AgentError(f"the key of the backups, {key}, is not on this host", f"`{Line('apply')}` makes it")
    descriptors = () if inherited is None else (inherited,)
    way = options(root, backup["repository"], backup.get("ssh"))
    is_begun = (read(root).get("repository") or {}).get("path") == backup["repository"]
    return Restic(backup["repository"], key, descriptors, way, is_begun=is_begun)
