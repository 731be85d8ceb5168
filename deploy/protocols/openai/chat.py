"""Questions and answers as server-sent events; the counts are in an event of their own, or missing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from deploy.protocols.answer import Ended, Message, Piece, Read, pieces

PATH = "/chat/completions"
LISTING = ("/models", "data", "id")
"""Path of the list of models, its key in the answer, and the key of a model's name."""


def question(model: str, messages: list[Message]) -> dict[str, Any]:
    """Return the body of a request for an answer."""
    return {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}


def heard(lines: Iterable[bytes], read: Read) -> Iterator[Piece | Ended]:
    """Yield an answer; without its end it broke off."""
    tokens, seconds, reason = None, None, ""
    for line in lines:
        if not line.startswith(b"data:"):
            if line.startswith(b"{") and b'"error"' in line:
                read(line)
            continue
        data = line.removeprefix(b"data:").strip()
        if data == b"[DONE]":
            yield Ended(tokens, seconds, reason or "stop")
            return
        said = read(data)
        for choice in said.get("choices") or []:
            delta = choice.get("delta") or {}
            yield from pieces(delta.get("content"), delta.get("reasoning_content") or delta.get("reasoning"))
            reason = choice.get("finish_reason") or reason
        tokens = (said.get("usage") or {}).get("completion_tokens", tokens)
        if timings := said.get("timings"):
            tokens, seconds = timings.get("predicted_n", tokens), timings.get("predicted_ms", 0) / 1000 or None
    if reason:
        yield Ended(tokens, seconds, reason)
