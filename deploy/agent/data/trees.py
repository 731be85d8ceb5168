"""Folders of user data, file by file: their content, and a copy in which each file is of one moment."""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from deploy.agent.data.flushed import Pieces, flush
from deploy.agent.errors import naming
from deploy.agent.remembered import stamp

FICLONE = 0x40049409
BLOCK = 2**20
TRIES = 5
SIDE_FILES = ("-wal", "-shm", "-journal")
"""Files that SQLite keeps beside a database; useless without it, harmful beside another one."""
OURS = ".kit-"
"""Prefix of the kit's own files beside a person's data; they are never part of it."""
Entry = dict[str, Any]


def walk(root: Path, relpath: str, left_out: Callable[[str], bool]) -> Iterator[str]:
    """Yield every path under a path, folders before their content; sockets and devices hold no data."""
    path = root / relpath
    kind = stat.S_IFMT(path.lstat().st_mode)
    if left_out(relpath) or kind not in (stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return
    yield relpath
    if kind == stat.S_IFDIR:
        for child in sorted(path.iterdir()):
            if not child.name.startswith(OURS):
                yield from walk(root, str(child.relative_to(root)), left_out)


def entry(root: Path, relpath: str) -> Entry:
    """Describe a file, folder or link."""
    status = (root / relpath).lstat()
    kind = _kind(status)
    return {
        "path": relpath,
        "kind": kind,
        "mode": f"{status.st_mode & 0o7777:04o}",
        "uid": status.st_uid,
        "gid": status.st_gid,
        **(stamp(status) if kind == "file" else {"mtime_ns": status.st_mtime_ns, "size": 0}),
    }


def _kind(status: os.stat_result) -> str:
    return {stat.S_IFDIR: "folder", stat.S_IFLNK: "link"}.get(stat.S_IFMT(status.st_mode), "file")


def clear_other(there: Path, kind: str) -> None:
    """Remove what an earlier copy left in the place of an entry of another kind; a link there would be followed."""
    if os.path.lexists(there) and _kind(there.lstat()) != kind:
        # A probe loads this module, and removes nothing.
        import shutil

        shutil.rmtree(there) if there.is_dir() and not there.is_symlink() else there.unlink()


def copy_entry(
    source: Path, target: Path, known: Entry, before: Entry | None, flushed: Callable[[Path], object]
) -> Entry:
    """Copy one entry; a file that is unchanged since the last copy is not read again.

    A written file goes to `flushed`, which brings it to the disk.
    """
    here, there = source / known["path"], target / known["path"]
    clear_other(there, known["kind"])
    if known["kind"] == "folder":
        there.mkdir(mode=0o700, exist_ok=True)
        return known
    if known["kind"] == "link":
        there.unlink(missing_ok=True)
        there.symlink_to(here.readlink())
        return {**known, "target": str(here.readlink())}
    if before and all(before.get(name) == value for name, value in stamp(here.lstat()).items()) and there.exists():
        return {**known, "sha256": before["sha256"]}
    copied = _steady_copy(source, known["path"], there)
    flushed(there)
    return copied


def _steady_copy(source: Path, relpath: str, there: Path) -> Entry:
    for left in reversed(range(TRIES)):
        before = entry(source, relpath)
        digest = _copy_bytes(source / relpath, there)
        after = entry(source, relpath)
        if before == after:
            break
        if not left:
            # A log that never rests: what was read of it is kept, and the copy says so.
            after["unsteady"] = True
    return {**after, "size": there.stat().st_size, "sha256": digest}


def copy_file(here: Path, there: Path) -> str:
    """Copy a file's bytes to the disk and return their sha256; links are never followed."""
    digest = _copy_bytes(here, there)
    flush(there)
    return digest


def _copy_bytes(here: Path, there: Path) -> str:
    there.unlink(missing_ok=True)
    reading = os.open(here, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with naming(there), os.fdopen(reading, "rb") as original, there.open("xb") as target:
        os.fchmod(target.fileno(), 0o600)
        cloned = _clone(original.fileno(), target.fileno())
        source = there.open("rb") if cloned else original
        digest, pieces = hashlib.sha256(), Pieces(target.fileno())
        with source:
            for block in _blocks(source, there if cloned else here):
                digest.update(block)
                if not cloned:
                    target.write(block)
                    pieces.wrote(target.tell())
    return digest.hexdigest()


def copied_digest(path: Path) -> str:
    """Return the sha256 of a file as it is on the disk now."""
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        for block in _blocks(stream, path):
            digest.update(block)
    return digest.hexdigest()


def _blocks(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    """Yield a file's content; an error of its disk names it, and not the copy that is written meanwhile."""
    with naming(path):
        while block := stream.read(BLOCK):
            yield block


def _clone(source: int, target: int) -> bool:
    """Share the blocks if the file system can: the copy is of one moment, and free."""
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def own(target: Path, known: Entry) -> None:
    """Give a copy the owner, mode and time of its original."""
    path = target / known["path"]
    if known["kind"] == "link":
        os.chown(path, known["uid"], known["gid"], follow_symlinks=False)
    else:
        # A copy may lie beside a person's data: a link that came into its place meanwhile is refused.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            os.fchown(descriptor, known["uid"], known["gid"])
            os.fchmod(descriptor, int(known["mode"], 8))
        finally:
            os.close(descriptor)
    os.utime(path, ns=(known["mtime_ns"], known["mtime_ns"]), follow_symlinks=False)
