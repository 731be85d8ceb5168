"""Progress reports, at most two a second."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from deploy.agent.journal import Journal

SECONDS = 0.5


class Pace:
    """One piece of work whose bytes are counted."""

    def __init__(self, journal: Journal, text: str, total: int | None = None) -> None:
        self._journal = journal
        self._text = text
        self._total = total
        self._told = time.monotonic()
        self._layers: dict[str, tuple[int, int]] = {}
        self._status = ""
        journal.say(text, 0 if total else None, total)

    def at(self, done: int) -> None:
        """Report the progress, if a report is due."""
        now = time.monotonic()
        if now - self._told >= SECONDS:
            self._told = now
            self._journal.say(self._text, done, self._total)

    def counted(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield pieces, and report their bytes."""
        done = 0
        for piece in pieces:
            done += len(piece)
            self.at(done)
            yield piece

    def hear(self, said: dict[str, Any]) -> None:
        """Take one line of an engine: the progress of a layer, or its present status."""
        if "digest" in said and "total" in said:
            self._layers[said["digest"]] = (int(said.get("completed", 0)), int(said["total"]))
            self._total = max(self._total or 0, sum(total for _, total in self._layers.values()))
            self.at(self.bytes)
        elif said.get("status") != self._status:
            self._status = str(said.get("status", ""))
            self._journal.say(f"{self._text}: {self._status}")

    @property
    def bytes(self) -> int:
        """Bytes of all layers so far."""
        return sum(done for done, _ in self._layers.values())
