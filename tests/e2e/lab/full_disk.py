"""A disk of a box that fills up in the middle of a run, and is as large as it was afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.e2e.lab.host import LabHost

BESIDE = "/mnt/small"
SIZE = "8G"
"""Enough for every plan; memory is taken by what is written alone."""


@dataclass(frozen=True)
class SmallDisk:
    """A file system of its own at a folder."""

    host: LabHost

    def fill(self) -> None:
        """Let nothing more fit in."""
        used = self.host.read("df", "--output=used", "--block-size=1K", BESIDE).split()[-1]
        self._resize(f"{max(int(used), 4)}k")

    def empty(self) -> None:
        """Let everything fit in again."""
        self._resize(SIZE)

    def _resize(self, size: str) -> None:
        self.host.read("mount", "-o", f"remount,size={size}", BESIDE)


@contextmanager
def small_disk(host: LabHost, path: str, *, with_files: bool = False) -> Iterator[SmallDisk]:
    """Put a file system at a folder of a box for the length of the block; its files may move there and back."""
    host.read("mkdir", "-p", path, BESIDE)
    host.read("mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", BESIDE)
    if with_files:
        host.read("cp", "-a", f"{path}/.", BESIDE)
    host.read("mount", "--bind", BESIDE, path)
    disk = SmallDisk(host)
    try:
        yield disk
    finally:
        disk.empty()
        # A container may have a file of it open.
        host.read("umount", "--lazy", path)
        if with_files:
            host.read("sh", "-c", f"find {path} -mindepth 1 -delete && cp -a {BESIDE}/. {path}")
        host.read("umount", "--lazy", BESIDE)
