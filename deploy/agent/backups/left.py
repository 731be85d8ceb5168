"""Removes the leftovers of killed drills and restores: containers, and folders with copies of data and secrets."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.agent.data.restoring import left_by_restores
from deploy.agent.docker.api import Docker
from deploy.agent.docker.twin import remove_twins


def drill_folder(root: Path) -> Path:
    """Return the folder of a drill; it is gone when the drill has ended."""
    return root / "backup" / "drill"


def clear_drill(root: Path, stack: str) -> None:
    """Remove what is left of a drill, if anything is."""
    folder = drill_folder(root)
    if folder.exists():
        remove_twins(Docker(), stack)
        shutil.rmtree(folder)


def clear_restores(root: Path) -> None:
    """Remove what is left of restores: a former host's repository takes as much space as all of its backups."""
    for folder in left_by_restores(root):
        shutil.rmtree(folder)
