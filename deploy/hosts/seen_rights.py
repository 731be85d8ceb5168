"""Parts of an Observation: files that the kit placed, and their rights."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class HostSecret:
    """A secret's file; never its value."""

    present: bool
    mode: str
    uid: int


@dataclass(frozen=True)
class SeenRight:
    """A path that the kit placed, with another mode or owner."""

    path: str
    cause: str
    """The difference in words."""
    is_placed: bool
    """True if the placing of a release corrects it."""
