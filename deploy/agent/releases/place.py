"""Places a release beside the current one: completely or not at all, validated, without switching to it."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from deploy.agent.docker.compose import check_file
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.remembered import sync_folder, write_file
from deploy.agent.stack.deployed import deployed
from deploy.agent.stack.release import difference, has_content
from deploy.agent.stack.rights import mend

if TYPE_CHECKING:
    from deploy.agent.contract.releases import PlaceAnswer, PlacedFile, PlaceRequest

SHA256 = re.compile(r"[0-9a-f]{64}")
RELEASE_PATH = re.compile(
    r"releases/[0-9a-f]{64}/((units|spec|models/[a-z][a-z0-9-]*)/)?[A-Za-z0-9_@-][A-Za-z0-9._@:-]*"
)
FILE_PATH = re.compile(r"files/[0-9a-f]{64}/[A-Za-z0-9_-][A-Za-z0-9._-]*")


def run(request: PlaceRequest, journal: Journal) -> PlaceAnswer:
    """Place every missing file and repair every file that differs."""
    root, release = Path(request["root"]), request["release"]
    for file in request["files"]:
        _ensure_allowed(file, release)
    wrong = [file for file in request["files"] if difference(root / file["path"], file)]
    if not wrong:
        mended = _mended(root, release)
        return {"changed": bool(mended), "placed": [], "mended": mended}
    with journal.step("release"):
        journal.say(f"placing {len(wrong)} files of release {release[:12]}")
        for file in wrong:
            if file["path"].startswith("files/"):
                _write(root / file["path"], file)
        _place_release(root, release, request["files"], wrong)
    mended = _mended(root, release)
    return {"changed": True, "placed": sorted(file["path"] for file in wrong), "mended": mended}


def _mended(root: Path, release: str) -> list[str]:
    # Owners are root's to set, and by nobody else does a release come here.
    return mend(root, deployed(root / "releases" / release)) if os.geteuid() == 0 else []


def _ensure_allowed(file: PlacedFile, release: str) -> None:
    path, parts = file["path"], PurePosixPath(file["path"]).parts
    allowed = RELEASE_PATH.fullmatch(path) or FILE_PATH.fullmatch(path)
    if not SHA256.fullmatch(release) or not allowed:
        raise AgentError(f"a release cannot hold the file {path!r}", "this is a fault of the kit")
    digest = hashlib.sha256(file["content"].encode()).hexdigest()
    under = file["sha256"] if parts[0] == "files" else release
    if digest != file["sha256"] or parts[1] != under:
        raise AgentError(f"the file {path!r} does not match its digest", "run the command again")


def _place_release(root: Path, release: str, files: list[PlacedFile], wrong: list[PlacedFile]) -> None:
    folder = root / "releases" / release
    own = [file for file in files if file["path"].startswith("releases/")]
    if folder.is_dir():
        for file in wrong:
            if file in own:
                _write(root / file["path"], file)
        check_file(root, folder / "compose.yaml")
        return
    beside = folder.parent / f".{release}.new"
    # Mostly nothing is there: only a killed run leaves it. Each file is written anew, or its error names the path.
    shutil.rmtree(beside, ignore_errors=True)
    for file in own:
        _write(beside / PurePosixPath(file["path"]).relative_to(f"releases/{release}"), file)
    try:
        check_file(root, beside / "compose.yaml")
    except AgentError:
        shutil.rmtree(beside)
        raise
    sync_folder(beside)
    beside.replace(folder)
    sync_folder(folder.parent)


def _write(path: Path, file: PlacedFile) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Root's only: an owner can be set by no one else, and by no one but root does a release come here.
    uid, gid = (0, 0) if os.geteuid() == 0 else (-1, -1)
    _make_room(path)
    if not path.is_symlink() and has_content(path, file):
        # A container that mounts the file keeps the old inode until it is created anew: its rights count as well.
        _give(path, int(file["mode"], 8), uid, gid)
    try:
        write_file(path, file["content"].encode(), int(file["mode"], 8), uid, gid)
    except PermissionError as problem:
        raise _unwritable(path, problem) from problem


def _give(path: Path, mode: int, uid: int, gid: int) -> None:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fchown(descriptor, uid, gid)
            os.fchmod(descriptor, mode)
        finally:
            os.close(descriptor)
    except PermissionError as problem:
        raise _unwritable(path, problem) from problem


def _make_room(path: Path) -> None:
    """Remove an empty folder in a file's place: Docker makes one where a mounted file is missing."""
    if path.is_symlink() or not path.is_dir():
        return
    try:
        path.rmdir()
    except OSError as problem:
        raise AgentError(
            f"{path} is a folder ({problem.strerror}), where the release has a file",
            f"move it away, then run `{Line('apply')}` again",
        ) from problem


def _unwritable(path: Path, problem: OSError) -> AgentError:
    """Return the error for a file that root may not replace: mostly an attribute of it or of its folder."""
    made = f"`chattr -i {path.parent} {path}` makes them changeable; then run `{Line('apply')}` again"
    return AgentError(f"{path} cannot be replaced ({problem.strerror}): it or its folder may be immutable", made)
