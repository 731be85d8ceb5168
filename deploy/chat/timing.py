"""Speed of an answer: by the engine's own figures if it gives them, else measured here."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from deploy.protocols.answer import Ended, Piece


@dataclass
class Timing:
    """Timing of one answer, by its pieces as they come."""

    clock: Callable[[], float] = time.monotonic
    ended: Ended | None = None
    _pieces: int = 0
    _first: float = 0.0
    _last: float = 0.0
    _texts: list[str] = field(default_factory=list)

    def take(self, said: Piece | Ended) -> None:
        """Note a piece, and its time."""
        if isinstance(said, Ended):
            self.ended = said
            return
        self._last = self.clock()
        self._first = self._first or self._last
        self._pieces += 1
        if not said.is_thought:
            self._texts.append(said.text)

    @property
    def text(self) -> str:
        """Return the answer so far."""
        return "".join(self._texts)

    @property
    def tokens(self) -> int:
        """Return the number of tokens in the answer; without a count, the number of pieces."""
        return self._counted or self._pieces

    @property
    def rate(self) -> float | None:
        """Return tokens per second; None if an answer is too short."""
        if self._counted and self.ended and self.ended.seconds:
            return self._counted / self.ended.seconds
        # The first token's own time is that of reading the prompt.
        took = self._last - self._first
        return (self.tokens - 1) / took if self.tokens > 1 and took > 0 else None

    @property
    def source(self) -> str:
        """Return the origin of these figures."""
        if not self._counted:
            return "pieces counted and timed here, the engine gives no figures"
        return "the engine's figures" if self.ended and self.ended.seconds else "counted by the engine, timed here"

    @property
    def line(self) -> str:
        """Return all figures as a line for people."""
        counted = f"{self.tokens} token{'s' if self.tokens != 1 else ''}"
        rate = "too short to time" if self.rate is None else f"{self.rate:.1f} tokens/s"
        cut = (
            "; cut at the longest answer that the model may give"
            if self.ended and self.ended.reason == "length"
            else ""
        )
        return f"{counted}, {rate} ({self.source}){cut}"

    @property
    def _counted(self) -> int | None:
        return self.ended.tokens if self.ended else None
