"""A repository with a backup, and what can happen to each kind of its files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests.unit.agent.backups.conftest import Host, host_in

KINDS = ("config", "keys", "snapshots", "index", "data")
PLACES = {"head": 0.0, "middle": 0.5, "tail": 1.0}
DAMAGES = (*PLACES, "cut", "gone")


def file_of(repository: Path, kind: str) -> Path:
    """Return a file of a kind, the largest one: of the data, that is a document's."""
    if kind == "config":
        return repository / kind
    files = [path for path in (repository / kind).rglob("*") if path.is_file()]
    return max(files, key=lambda path: path.stat().st_size)


def damage(repository: Path, kind: str, how: str) -> Path:
    """Flip a byte of a file, cut it or remove it, and return its path."""
    path = file_of(repository, kind)
    path.chmod(0o600)
    if how == "gone":
        path.unlink()
    elif how == "cut":
        os.truncate(path, path.stat().st_size // 2)
    else:
        content = bytearray(path.read_bytes())
        content[min(int(len(content) * PLACES[how]), len(content) - 1)] ^= 0xFF
        path.write_bytes(content)
    return path


def prepared_in(folder: Path, repository: Path) -> Host:
    """Make a host with a backup and a newer row."""
    host = host_in(folder, repository)
    (host.data / "uploads/large.bin").write_bytes(os.urandom(100_000))
    host.back_up()
    host.say("later")
    return host


def moved(prepared: Host, folder: Path) -> Host:
    """Copy a host with its repository into a folder, so that both are whole there."""
    before = prepared.root.parent.parent
    shutil.copytree(before, folder, symlinks=True)
    root, data, repository = (
        folder / path.relative_to(before) for path in (prepared.root, prepared.data, prepared.repository)
    )
    host = Host(root, data, repository)
    host.release()
    memory = host.root / "backups.json"
    memory.write_text(memory.read_text().replace(str(before), str(folder)))
    return host


def is_named(words: str, path: Path) -> bool:
    """Return True if words name a broken file: restic shortens its name."""
    return (path.name if path.name == "config" else path.name[:8]) in words
