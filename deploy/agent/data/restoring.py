"""Folders that a restore works in, and what a killed one leaves in them."""

from __future__ import annotations

from pathlib import Path

from deploy.agent.data.trees import OURS
from deploy.agent.remembered import read_json

FETCHED = f"{OURS}fetched"
"""Folder beside a part's place, with what was fetched of that part."""


def brought_folder(root: Path) -> Path:
    """Return the folder of a repository that came from another host, for as long as one run has the hold."""
    return root / "backup" / "brought"


def shared_folder(root: Path) -> Path:
    """Return the folder in which a person's folders are fetched: those themselves are no place for root's files."""
    return root / "backup" / "shared"


def left_by_restores(root: Path) -> list[Path]:
    """Return the folders of killed restores; the hold, or an idle host, guarantees that no other run needs them."""
    released = read_json(root / "current" / "backup.json") or {}
    data = [Path(each["host_path"]) for each in released.get("data", [])]
    stores = [Path(store["models_dir"]) for store in released.get("stores", [])]
    places = [root, *data, *stores, *sorted(shared_folder(root).glob("*"))]
    folders = [brought_folder(root), *(place / FETCHED for place in places)]
    return [folder for folder in folders if folder.is_dir() and not folder.is_symlink()]
