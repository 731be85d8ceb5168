"""User data of a service: databases and folders under one root."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deploy.deployment.folders import Owner

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import DataItem
    from deploy.agent.contract.places import SharedPlace


@dataclass(frozen=True)
class SqliteFile:
    """User data in a SQLite database, copied by its online backup."""

    relpath: str


@dataclass(frozen=True)
class Tree:
    """User data in a folder, copied file by file."""

    relpath: str


@dataclass(frozen=True)
class UserData:
    """User data of a service, under one root on the host."""

    host_path: str
    owner: Owner
    items: tuple[SqliteFile | Tree, ...]
    version: str
    """Release of the application that writes it: an older release never starts on it."""
    caches: tuple[str, ...] = ()
    """Paths in the trees that no backup has, for the application fetches them again."""
    imports: str = ""
    """Docker volume or folder with the data of an installation before the kit; the first apply copies it."""

    def parts(self) -> list[DataItem]:
        """Return the items in the agent's form: each one's kind with its path."""
        return parts_of(self.items)


@dataclass(frozen=True)
class SharedData(UserData):
    """User data of a service, beside folders in which a person keeps files for the service."""

    shared_path: str = field(kw_only=True)
    """Folder of the person's that holds them."""
    person: Owner = field(kw_only=True)
    shared: tuple[Tree, ...] = field(kw_only=True)

    def shared_place(self) -> SharedPlace:
        """Return the person's folders in the agent's form."""
        return {
            "host_path": self.shared_path,
            "items": parts_of(self.shared),
            "uid": self.person.uid,
            "gid": self.person.gid,
        }


def parts_of(items: tuple[SqliteFile | Tree, ...]) -> list[DataItem]:
    """Return items in the agent's form."""
    return [{type(item).__name__.removesuffix("File").lower(): item.relpath} for item in items]
