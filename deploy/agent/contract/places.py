"""Places of user data: how a request names them, and what a host says of them."""

from __future__ import annotations

from typing import Literal, TypedDict

from deploy.agent.contract.jobs import DataItem

PlaceState = Literal["missing", "empty", "data", "broken", "unreadable"]
PlaceChoice = Literal["move", "fresh", "found"]
LeftKind = Literal["data", "keys"]


class Owner(TypedDict):
    """A user and a group by their numbers."""

    uid: int
    gid: int


class _Place(TypedDict):
    path: str
    kind: str
    protocol: str | None
    """Protocol of the engine whose models lie there; None for the data of an application."""
    databases: list[str]
    parts: list[str]


class SharedPlace(Owner):
    """Folders in which a person keeps files for a service, under one that belongs to the person."""

    host_path: str
    items: list[DataItem]


class Place(_Place, total=False):
    """A folder with the data of one service."""

    imports: str
    """Docker volume or folder with the data of an installation before the kit."""
    shared: SharedPlace
    """Left out where no person shares folders with the service."""


class Kept(TypedDict):
    """The folders and holders of secrets that kit.yaml has a service for."""

    data_root: str
    folders: list[str]
    holders: list[str]


class SeenPlace(TypedDict):
    """The content of a folder."""

    state: PlaceState
    ids: list[str]
    latest: int
    used: int
    words: str
    is_filled: bool
    size_bytes: int
    mount: str
    lacks: str
    """State of a place without data, as the words behind its path; empty for every other place."""


# A keyword cannot name a class's attribute, so this key needs the functional form.
_From = TypedDict("_From", {"from": str})


class SettledPlace(_From, Place, Owner):
    """A place that a person chose for data that lies elsewhere, or that is another one there."""

    choice: PlaceChoice
    stack: str
    """Stack whose data it is, where that is another one."""
    takes_over: bool
    """True if the service gets that stack's secrets."""
    is_import: bool
    """True if the data is of an installation before the kit, whose folder no command of the kit's removes."""


class Handover(Owner):
    """A folder that changes hands."""

    path: str
    from_uid: int
    from_gid: int


class Former(TypedDict):
    """The place of a service's data as the last accepted release left it."""

    before: str | None
    had: bool
    ids: list[str]
    words: str
    mount: str
    stack: str
    used: int
    is_swapped: bool
    gone: list[str]
    """Parts of the data that had files then and have none now."""
    users: list[str]
    is_import: bool
    """True if it is the place of an installation before the kit."""
    imported: str
    """Folder that the data was once imported from; empty for data that began here."""


class SeenData(Former):
    """The place of a service's data, and what lies there and in its former place."""

    now: SeenPlace
    was: SeenPlace | None


class Left(TypedDict):
    """Data or keys of a service that the stack does not have any more."""

    service: str
    path: str
    kind: LeftKind
