"""Parts of an Observation: places of user data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploy.agent.contract.places import LeftKind, PlaceState
    from deploy.agent.contract.places import SeenData as DataAnswer
    from deploy.agent.contract.places import SeenPlace as PlaceAnswer


@dataclass(frozen=True)
class SeenPlace:
    """The content of a folder."""

    state: PlaceState
    ids: tuple[str, ...] = ()
    """Ids of accounts of the database, which every copy of it shares."""
    latest: int = 0
    """Time of the last chat in it, in seconds of the epoch."""
    used: int = 0
    """Time of the last activity in it, in seconds of the epoch."""
    words: str = ""
    """Counts of its content, in words."""
    size_bytes: int = 0
    mount: str = "/"
    """Mount point of its file system."""
    is_filled: bool = False
    """True if anything but the kit's own lies in it."""
    lacks: str = ""
    """Fault of a place without data, as the words behind its path."""

    @property
    def told(self) -> str:
        """State of a place without data, as the words behind its path."""
        return self.lacks or f"is {self.state}"

    @property
    def is_bare(self) -> bool:
        """True if an application would begin anew in it."""
        return self.state in ("missing", "empty")


@dataclass(frozen=True)
class SeenData:
    """The present place of a service's data, with the remembered state of the last accepted release's place."""

    now: SeenPlace
    was: SeenPlace | None = None
    """Content of the former place if that is another folder."""
    before: str | None = None
    """The former place."""
    had: bool = False
    """True if the last accepted release had data."""
    ids: tuple[str, ...] = ()
    words: str = ""
    mount: str = ""
    stack: str = ""
    """Former name of the stack if the same kit.yaml was applied under another one."""
    used: int = 0
    """Time of the last activity that the last apply saw in it."""
    is_swapped: bool = False
    """True if the former folder of an engine's models has another mark than the last accepted release left."""
    gone: tuple[str, ...] = ()
    """Parts of its former place that had files at the last apply and have none now."""
    users: tuple[str, ...] = ()
    """Other stacks whose services keep their data in this very folder."""
    is_import: bool = False
    """True if the former place is that of an installation before the kit."""
    imported: str = ""
    """Folder that the data was once imported from; empty for data that began here."""

    @property
    def is_older(self) -> bool:
        """True if the same folder holds an earlier state of its database than the last accepted release left."""
        return self.was is None and self.now.state == "data" and self.now.used < self.used

    @property
    def former(self) -> SeenPlace:
        """The present content of the former place."""
        return self.was if self.was is not None else self.now

    @property
    def is_lost(self) -> bool:
        """True if the former place has no data now, though the last accepted release had some."""
        return self.had and self.former.is_bare

    @property
    def is_another(self) -> bool:
        """True if the former place holds another database than the last accepted release left."""
        former = self.former
        is_known = self.had and bool(self.ids) and former.state == "data"
        return is_known and not set(self.ids) & set(former.ids)


@dataclass(frozen=True)
class LeftPlace:
    """A leftover of a service that the stack no longer has, or has elsewhere."""

    service: str
    path: str
    kind: LeftKind = "data"


def read_places(answer: dict[str, DataAnswer]) -> dict[str, SeenData]:
    """Read the probe's answer about places."""
    return {name: _data(seen) for name, seen in answer.items()}


def _data(seen: DataAnswer) -> SeenData:
    was = seen["was"]
    return SeenData(
        now=_place(seen["now"]),
        was=_place(was) if was else None,
        before=seen["before"],
        had=seen["had"],
        ids=tuple(seen["ids"]),
        words=seen["words"],
        mount=seen["mount"],
        stack=seen["stack"],
        used=seen["used"],
        is_swapped=seen["is_swapped"],
        gone=tuple(seen["gone"]),
        users=tuple(seen["users"]),
        is_import=seen["is_import"],
        imported=seen["imported"],
    )


def _place(seen: PlaceAnswer) -> SeenPlace:
    return SeenPlace(
        state=seen["state"],
        ids=tuple(seen["ids"]),
        latest=seen["latest"],
        used=seen["used"],
        words=seen["words"],
        size_bytes=seen["size_bytes"],
        mount=seen["mount"],
        is_filled=seen["is_filled"],
        lacks=seen["lacks"],
    )
