"""The release that a host runs, and the state of its files compared with the manifest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.remembered import sync_folder, write_json
from deploy.agent.stack import rights

if TYPE_CHECKING:
    from deploy.agent.contract.probe import Manifest, Release


def observe(root: Path) -> Release:
    """Return the current and the last good release, every file that differs, and every path that was opened."""
    current = linked_release(root, "current")
    manifest = read_manifest(root, current) if current else None
    return {
        "release": current,
        "good": proven_release(root),
        "manifest": manifest,
        "changed_files": sorted(_changed(root, current, manifest)) if current else [],
        "rights": rights.observe(root),
    }


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
    return cast("Manifest", manifest) if isinstance(manifest, dict) and "files" in manifest else None


def placed_path(path: str, release: str) -> str:
    """Return a manifest's path relative to the stack's root."""
    return path if path.startswith("files/") else f"releases/{release}/{path}"


def _changed(root: Path, release: str, manifest: Manifest | None) -> Iterator[str]:
    own = placed_path("manifest.json", release)
    if manifest is None or _sha256(root / own) != release:
        yield own
    for file in manifest["files"] if manifest else ():
        path = placed_path(file["path"], release)
        if not is_as_stated(root / path, file):
            yield path


def is_as_stated(path: Path, file: Mapping[str, Any]) -> bool:
    """True if a file has the content, mode and owner of the manifest."""
    try:
        status = path.lstat()
        same = _sha256(path) == file["sha256"]
    except OSError:
        return False
    mode, owner = f"{status.st_mode & 0o7777:04o}", f"{status.st_uid}:{status.st_gid}"
    return bool(same and mode == file["mode"] and owner == file.get("owner", "0:0"))


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
