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

    def is_persons(self, service: Owner) -> bool:
        """Return True for a person's own folder, which the service reads as one of the others."""
        return self.owner.uid != service.uid

    def fits(self, mode: str, service: Owner) -> bool:
        """Return True if a folder with this mode serves; in a person's own, the group's rights are free."""
        bound = 0o707 if self.is_persons(service) else 0o7777
        return int(mode, 8) & bound == int(self.mode, 8) & bound
