"""Questions and answers in the protocol in which models are made: lines of JSON, the last of which has the counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deploy.protocols.answer import Ended, Message, Piece, Read, pieces

PATH = "/api/chat"
LISTING = ("/api/tags", "models", "name")
"""Path of the list of models, its key in the answer, and the key of a model's name."""


def question(model: str, messages: list[Message]) -> dict[str, Any]:
    """Return the body of a request for an answer."""
    return {"model": model, "messages": messages, "stream": True}


def heard(lines: Iterable[bytes], read: Read) -> Iterator[Piece | Ended]:
    """Yield an answer; without its end it broke off."""
    for line in lines:
        said = read(line) if line.strip() else {}
        message = said.get("message") or {}
        yield from pieces(message.get("content"), message.get("thinking"))
        if said.get("done"):
            nanoseconds = said.get("eval_duration")
            seconds = nanoseconds / 1e9 if nanoseconds else None
            yield Ended(said.get("eval_count"), seconds, said.get("done_reason") or "stop")
            return
