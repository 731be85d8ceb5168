"""Folders of a host, and the numeric users and groups that own them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Owner:
    """Numeric user and group."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True)
class Folder:
    """A folder on the host that holds user data or state, with its owner."""

    host_path: str
    owner: Owner
    mode: str
