"""Space that a restore needs: all of it is checked before anything is fetched, with the sum for each file system."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import amount, existing

if TYPE_CHECKING:
    from deploy.agent.backups.restic import Restic

MARGIN = 64 * 2**20
UNCHANGED = "nothing was changed"
"""Words of a failure ahead of every change."""


class Need(NamedTuple):
    """A part of a restore, the bytes that it adds, and a folder on the file system that gets them."""

    what: str
    size: int
    folder: Path


def ensure_space(needs: Iterable[Need]) -> None:
    """Raise AgentError unless everything fits into its file system."""
    by_device: dict[int, list[Need]] = {}
    for need in needs:
        by_device.setdefault(existing(need.folder).stat().st_dev, []).append(need)
    for together in by_device.values():
        folder, size = together[0].folder, sum(need.size for need in together) + MARGIN
        free = shutil.disk_usage(existing(folder)).free
        if size > free:
            whats = list(dict.fromkeys(need.what for need in together))
            verb = "needs" if len(whats) == 1 else "need"
            raise AgentError(
                f"{' and '.join(whats)} {verb} {amount(size)}, and {folder} has {amount(free)} free",
                f"free some space there; {UNCHANGED}",
            )


def sizes_in(restic: Restic, snapshot: str, insides: list[str]) -> dict[str, int]:
    """Return the bytes of files under paths of a snapshot; an empty path means all."""
    # Not the paths alone: without `--recursive`, restic lists only the files right in a folder.
    nodes = restic.ask("ls", "--no-lock", snapshot).documents
    files = [(str(node["path"]), int(node.get("size", 0))) for node in nodes if node.get("type") == "file"]
    return {inside: sum(size for path, size in files if _is_under(path, inside)) for inside in insides}


def _is_under(path: str, inside: str) -> bool:
    return not inside or path == f"/{inside}" or path.startswith(f"/{inside}/")
