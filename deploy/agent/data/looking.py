"""Looks into a place of user data: empty, a database with its identity, or models."""

from __future__ import annotations

import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deploy.agent.data.trees import OURS
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.mounts import mount_of
from deploy.agent.rooms import call_room

if TYPE_CHECKING:
    from deploy.agent.contract.places import SeenPlace

MISSING: Final = "missing"
EMPTY: Final = "empty"
DATA: Final = "data"
BROKEN: Final = "broken"
UNREADABLE: Final = "unreadable"
MOST_TOLD = 4
Place = Mapping[str, Any]
"""A place in a request: path, kind, and its declared parts or the protocol of an engine's store."""
Found = dict[str, Any]
"""The keys of a look that differ from those of an empty place."""


def look(root: Path, place: Place, *, counted: bool = True, sized: bool = True) -> SeenPlace:
    """Describe the content of a place; `counted` and `sized` cost time, so they are optional."""
    path = Path(place["path"])
    try:
        content = _looked(root, place, path, counted)
        mount = mount_of(path).point
    except OSError:
        content, mount = {"state": UNREADABLE}, "/"
    size = size_of(path) if counted and sized and content["state"] == DATA else 0
    return {
        "ids": content.get("ids", []),
        "latest": content.get("latest", 0),
        "used": content.get("used", 0),
        "words": content.get("words", ""),
        "is_filled": has_entries(path),
        "state": content["state"],
        "size_bytes": size,
        "mount": mount,
        "lacks": _lacks(path, content),
    }


def is_same(before: list[str], now: list[str]) -> bool:
    """True if two sets of account ids belong to one database: they share an id, or the first is unknown."""
    return not before or not set(before).isdisjoint(now)


def has_entries(path: Path) -> bool:
    """True if a folder holds anything except the kit's own files."""
    return bool(entries_of(path))


def entries_of(path: Path) -> list[str]:
    """Return the names in a folder except the kit's own files, sorted; none if it cannot be read."""
    try:
        return sorted(child.name for child in path.iterdir() if not child.name.startswith(OURS))
    except OSError:
        return []


def is_filled(part: Path) -> bool:
    """True if a part of the data is a file, or a folder with content."""
    return part.is_file() or has_entries(part)


def size_of(path: Path) -> int:
    """Return the bytes of all files in a folder; links count as zero."""
    size = 0
    for file in path.rglob("*"):
        try:
            size += file.stat().st_size if file.is_file() and not file.is_symlink() else 0
        except OSError:
            continue
    return size


def _looked(root: Path, place: Place, path: Path, counted: bool) -> Found:
    try:
        is_folder = stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    if not is_folder:
        return {"state": MISSING}
    # This and the look at the folder raise where this user may not look: that is no missing folder.
    names = [item.name for item in path.iterdir() if not item.name.startswith(OURS)]
    if place.get("protocol"):
        return _models(path)
    try:
        return call_room(place["kind"], "look", {**place, "counted": counted}, str(root), Journal("", ""))
    except AgentError:
        # A room without a program for hosts: what it declares is there, or it is not.
        there = sorted({item.partition("/")[0] for item in place["parts"]} & set(names))
        return {"state": DATA if there else EMPTY, "words": ", ".join(there), "lacks": "no data of the service"}


def _lacks(path: Path, content: Found) -> str:
    """Return the state of a place without data, as the words behind its path."""
    if content["state"] == MISSING:
        if path.is_symlink() and not path.exists():
            return f"is a link to {path.readlink()}, which is missing"
        return "is not a folder" if path.exists() else "is missing"
    if content["state"] != EMPTY:
        return ""
    names = entries_of(path)
    return f"holds {_listed(names)}, but {content.get('lacks', 'no data')}" if names else "is empty"


def _listed(names: list[str]) -> str:
    shown = [*names[:MOST_TOLD], f"{len(names) - MOST_TOLD} more"] if len(names) > MOST_TOLD + 1 else names
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _models(path: Path) -> Found:
    from deploy.agent.protocols.doors.making import stored

    models = stored(str(path)) if (path / "manifests").is_dir() else {}
    if models is None:
        return {"state": UNREADABLE}
    words = f"{len(models)} model{'s' if len(models) != 1 else ''}"
    return {"state": DATA if models else EMPTY, "words": words, "lacks": "no model"}
