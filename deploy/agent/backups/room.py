"""Space for weights: a model without room stays out of a backup, and everything else goes into it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.remote_room import remote_free_bytes
from deploy.agent.backups.sftp import options
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import Need, ensure_room, not_enough, with_margin
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import read

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup

WHAT = "its weights"


class Room:
    """The file systems of a repository and of the copies, with what this backup adds to them."""

    def __init__(self, root: Path, backup: Backup, copies: Path) -> None:
        self._repository, self._copies = backup["repository"], copies
        self._way = options(root, backup["repository"], backup.get("ssh"))
        known = read(root).get("weights") or {}
        self._saved = set(known.get("files", [])) if known.get("repository") == backup["repository"] else set()
        self._planned: dict[str, int] = {}

    def take(self, source: Path, files: dict[str, int]) -> None:
        """Count a model's files by name; raise AgentError if a file system lacks room for them.

        restic may compress weights, but hardly does: each file counts with all of its size.
        """
        needs: list[Need] = []
        planned = self._planned | {file: size for file, size in files.items() if file not in self._saved}
        if len(planned) > len(self._planned):
            if self._way:
                self._ensure_remote_room(sum(planned.values()))
            else:
                needs.append(Need(Path(self._repository), sum(planned.values()), WHAT))
        if source.stat().st_dev != self._copies.stat().st_dev:
            present = {path.name for path in self._copies.glob("*/data/blobs/*")}
            needs.append(Need(self._copies, sum(size for file, size in files.items() if file not in present), WHAT))
        ensure_room(needs)
        self._planned = planned

    def _ensure_remote_room(self, size: int) -> None:
        have, need = remote_free_bytes(self._repository, self._way), with_margin(size)
        if have is not None and need > have:
            raise AgentError(not_enough(self._repository, WHAT, need, have))


def saved_weights(repository: str, copies: Path, engines: dict[str, list[str]]) -> dict[str, object]:
    """Return what to remember of the weights that a good backup has: they need no room again."""
    lists = (read_json(copies / "data" / engine / "manifest.json") or {"files": []} for engine in engines)
    files = {Path(file["path"]).name for listed in lists for file in listed["files"]}
    return {"repository": repository, "files": sorted(files)}
