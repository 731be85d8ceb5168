"""The release that a host runs, and the state of its files compared with the manifest."""

from __future__ import annotations

import hashlib
import json
import stat
from collections.abc import Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.leftovers import BESIDE
from deploy.agent.remembered import sync_folder, write_json
from deploy.agent.stack import rights

if TYPE_CHECKING:
    from deploy.agent.contract.released import ChangedFile, Manifest, Release


def observe(root: Path) -> Release:
    """Return the current and the last good release, every file that differs, and every path that was opened."""
    current = linked_release(root, "current")
    manifest = read_manifest(root, current) if current else None
    return {
        "release": current,
        "good": proven_release(root),
        "manifest": manifest,
        "changed_files": sorted(_changed(root, current, manifest), key=itemgetter("path")) if current else [],
        "extra_files": _extra(root, current, manifest) if current and manifest else [],
        "rights": rights.observe(root),
    }


MODE = "0444"
"""Mode of a placed file."""
_KEYS = {"format": int, "kit": str, "stack": str, "files": list, "services": dict}
_FILE_KEYS = ("path", "sha256", "mode")


def linked_release(root: Path, link: str) -> str | None:
    """Return the digest of the release that a link names."""
    path = root / link
    return path.readlink().name if path.is_symlink() else None


def proven_release(root: Path) -> str | None:
    """Return the last good release; None if its containers changed and no check has passed since."""
    return None if _unproven(root).exists() else linked_release(root, "good")


def mark_unproven(root: Path, release: str) -> None:
    """Record that a good release's containers change: until the next verification they are unproven."""
    if linked_release(root, "good") == release:
        write_json(_unproven(root), {"format": 1, "release": release})


def forget_unproven(root: Path) -> None:
    """Remove that record: the release was verified again."""
    _unproven(root).unlink(missing_ok=True)


def _unproven(root: Path) -> Path:
    return root / "run" / "unproven.json"


def read_manifest(root: Path, release: str) -> Manifest | None:
    """Read a release's manifest; None if it is missing or broken."""
    try:
        manifest = json.loads((root / "releases" / release / "manifest.json").read_text())
    except (OSError, ValueError):
        return None
    return cast("Manifest", manifest) if _is_whole(manifest) else None


def _is_whole(manifest: object) -> bool:
    """True if it has the shape of a manifest; somebody may have changed the file."""
    if not isinstance(manifest, dict) or not all(isinstance(manifest.get(key), kind) for key, kind in _KEYS.items()):
        return False
    parts = [*manifest["files"], *manifest["services"].values()]
    if not all(isinstance(part, dict) for part in parts):
        return False
    return all(isinstance(file.get(key), str) for file in manifest["files"] for key in _FILE_KEYS)


def placed_path(path: str, release: str) -> str:
    """Return a manifest's path relative to the stack's root."""
    return path if path.startswith("files/") else f"releases/{release}/{path}"


def _changed(root: Path, release: str, manifest: Manifest | None) -> Iterator[ChangedFile]:
    own = {"path": "manifest.json", "sha256": release, "mode": MODE}
    for file in (own, *(manifest["files"] if manifest else ())):
        path = placed_path(file["path"], release)
        if cause := difference(root / path, file):
            yield {"path": path, "cause": cause, "has_content": has_content(root / path, file)}


def _extra(root: Path, release: str, manifest: Manifest) -> list[str]:
    """Return what else lies in a release's folder, without files that are being written."""
    folder = root / "releases" / release
    known = {folder / name for name in ("manifest.json", *(file["path"] for file in manifest["files"]))}
    known |= {parent for path in known for parent in path.parents}
    extra = (path for path in folder.rglob("*") if path not in known and path.parent in known)
    return sorted(str(path.relative_to(root)) for path in extra if not BESIDE.fullmatch(path.name))


def difference(path: Path, file: Mapping[str, Any]) -> str:
    """Return the difference between a placed file and the manifest, in words; empty without one."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return "is missing"
    except OSError as problem:
        return f"cannot be read: {problem.strerror}"
    if stat.S_ISLNK(status.st_mode):
        return f"is a link to {path.readlink()}"
    if not stat.S_ISREG(status.st_mode):
        return "is a folder" if stat.S_ISDIR(status.st_mode) else "is not a file"
    words = [] if has_content(path, file) else ["has other bytes than the release's"]
    mode, owner = f"{status.st_mode & 0o7777:04o}", f"{status.st_uid}:{status.st_gid}"
    if mode != file["mode"]:
        words.append(f"mode is {mode}, not {file['mode']}")
    if owner != file.get("owner", "0:0"):
        words.append(f"owner is {owner}, not {file.get('owner', '0:0')}")
    return ", ".join(words)


def has_content(path: Path, file: Mapping[str, Any]) -> bool:
    """True if a path leads to the bytes that the manifest states."""
    try:
        # Anything but a file could block its reader.
        is_file = path.is_file()
    except OSError:
        return False
    return is_file and _sha256(path) == file["sha256"]


def _sha256(path: Path) -> str | None:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return None


def point(root: Path, link: str, release: str) -> bool:
    """Point a link to a release, by one rename; return True if it pointed to another one."""
    if linked_release(root, link) == release:
        return False
    beside = root / f".{link}.new"
    beside.unlink(missing_ok=True)
    beside.symlink_to(f"releases/{release}")
    beside.replace(root / link)
    sync_folder(root)
    return True
