"""Indexes that applications derive from their data: what of them is lost."""

from __future__ import annotations

from typing import TypedDict


class SeenIndex(TypedDict):
    """The search index of one service."""

    lost: list[str]
    """Chunks that search does not find, in words for each collection, with the cause; empty for a whole index."""
    next: str
