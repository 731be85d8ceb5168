"""An answer of a model as any protocol tells it: pieces of text, then its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Message = dict[str, str]
Read = Callable[[bytes], dict[str, Any]]
"""Reads a JSON object of an answer; an error in it, or anything else, is raised."""


@dataclass(frozen=True)
class Piece:
    """A part of an answer."""

    text: str
    is_thought: bool = False
    """True if the model is only thinking aloud."""


@dataclass(frozen=True)
class Ended:
    """An engine's figures about a whole answer."""

    tokens: int | None = None
    seconds: float | None = None
    """Time that the engine took for these tokens alone."""
    reason: str = "stop"


def pieces(text: str | None, thought: str | None) -> Iterator[Piece]:
    """Yield the parts that one message of an engine has."""
    if thought:
        yield Piece(thought, is_thought=True)
    if text:
        yield Piece(text)
