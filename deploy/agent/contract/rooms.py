"""Operations of rooms' own programs."""

from __future__ import annotations

from typing import Literal, TypedDict

from deploy.agent.contract.envelope import Changed, StackRequest


class _RoomRequest(StackRequest):
    service: str
    kind: str
    operation: Literal["observe", "apply"]


class RoomRequest(_RoomRequest, total=False):
    """An operation of a room's own program."""

    room: dict[str, object]
    """Decisions of the room, in the types of its own program."""


class AskedRoom(TypedDict):
    """A service whose room has a program on the host."""

    kind: str
    room: dict[str, object]


class Difference(TypedDict):
    """A setting that is not as it shall be."""

    name: str
    cause: str


class RoomAnswer(Changed, total=False):
    """The names of the settings that an operation set, or that differ."""

    set: list[str]
    drift: list[Difference]
    problem: str
    next: str
