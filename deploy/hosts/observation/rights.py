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
class SeenFile:
    """A placed file that is not as the release's manifest states it."""

    path: str
    cause: str
    """The difference in words."""
    has_content: bool = False
    """True if its bytes are the stated ones."""


@dataclass(frozen=True)
class SeenRight:
    """A path that the kit placed, with another mode or owner."""

    path: str
    cause: str
    """The difference in words."""
    is_placed: bool
    """True if the placing of a release corrects it."""
