"""The kit.yaml that a person probably meant by a path without one."""

from __future__ import annotations

import difflib
from pathlib import Path

NAMES = ("kit.yaml", "kit.yml")


def meant(path: Path) -> Path | None:
    """Return the probable file: in the named folder, beside the path, or in a folder below."""
    if path.is_dir():
        return _one_in(path)
    if path.parent.is_dir():
        return _beside(path) or _below(path.parent)
    folders = {folder.name: folder for folder in _folders(path.parent.parent)}
    near = difflib.get_close_matches(path.parent.name, folders, 1)
    return _one_in(folders[near[0]]) if near else None


def _one_in(folder: Path) -> Path | None:
    return next((folder / name for name in NAMES if (folder / name).is_file()), None)


def _beside(path: Path) -> Path | None:
    there = {file.name: file for ending in ("*.yaml", "*.yml") for file in path.parent.glob(ending) if file.is_file()}
    near = difflib.get_close_matches(path.name, there, 1, 0.7)
    return there[near[0]] if near else _one_in(path.parent)


def _below(folder: Path) -> Path | None:
    """Return the only kit.yaml in the folders below; None for several."""
    files = [file for inner in _folders(folder) if (file := _one_in(inner))]
    return files[0] if len(files) == 1 else None


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(inner for inner in folder.iterdir() if inner.is_dir())
    except OSError:
        return []
