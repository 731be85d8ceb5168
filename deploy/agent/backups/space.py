"""Space that a restore needs: all of it is checked before anything is fetched, with the sum for each file system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.inputs.disk import SPARE, Need, ensure_room

if TYPE_CHECKING:
    from collections.abc import Iterable

    from deploy.agent.backups.restic import Restic

UNCHANGED = "nothing was changed"
"""Words of a failure ahead of every change."""


def ensure_space(needs: Iterable[Need]) -> None:
    """Raise AgentError unless everything fits into its file system."""
    ensure_room(needs, SPARE, f"; {UNCHANGED}")


def sizes_in(restic: Restic, snapshot: str, insides: list[str]) -> dict[str, int]:
    """Return the bytes of files under paths of a snapshot; an empty path means all."""
    # Not the paths alone: without `--recursive`, restic lists only the files right in a folder.
    nodes = restic.ask("ls", "--no-lock", snapshot).documents
    files = [(str(node["path"]), int(node.get("size", 0))) for node in nodes if node.get("type") == "file"]
    return {inside: sum(size for path, size in files if _is_under(path, inside)) for inside in insides}


def _is_under(path: str, inside: str) -> bool:
    return not inside or path == f"/{inside}" or path.startswith(f"/{inside}/")
