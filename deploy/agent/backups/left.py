"""Removes the leftovers of a killed drill: its containers, and its folder with copies of secrets."""

from __future__ import annotations

import shutil
from pathlib import Path

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
