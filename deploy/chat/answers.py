"""A conversation's next answer, piece by piece, in either protocol that engines speak."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any

from deploy.chat.doors import Door
from deploy.chat.refusals import is_unable, looked_after, of_gateway
from deploy.chat.wire import Forward, RefusedError, asked, next_step, refused
from deploy.errors import KitError, UsageError
from deploy.words import did_you_mean

OPENAI = "openai"
ABSENT = 404

Message = dict[str, str]


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


def answer(
    door: Door, model: str, messages: list[Message], key: str | None, ca: str | None, forward: Forward
) -> Generator[Piece | Ended, None, None]:
    """Yield the pieces of an answer as they come, then its end; closing the generator early stops the engine."""
    speaks = _openai if door.protocol == OPENAI else _native
    try:
        yield from speaks(door, door.name_of(model), messages, key, ca, forward)
    except RefusedError as refusal:
        if door.is_gateway:
            raise of_gateway(door, model, refusal) from None
        if is_unable(refusal.said):
            raise KitError(refusal.problem, looked_after(door, model)) from None
        if refusal.status != ABSENT:
            raise
        raise _absent(door, model, names(door, key, ca, forward)) from None


def names(door: Door, key: str | None, ca: str | None, forward: Forward) -> tuple[str, ...]:
    """Return the models in an API's own list."""
    path, topic, name = ("/models", "data", "id") if door.protocol == OPENAI else ("/api/tags", "models", "name")
    with asked(door, path, None, key, ca, forward) as reply:
        models = _object(door, reply.read()).get(topic) or []
    return tuple(str(model[name]) for model in models)


def _absent(door: Door, model: str, there: tuple[str, ...]) -> KitError:
    if model in door.models:
        return KitError(f"{door.name} has no model {model!r}, or not all of it", looked_after(door, model))
    known = f"there are: {', '.join(there)}" if there else "it has none at all"
    return UsageError(f"{door.name} has no model {model!r}{did_you_mean(model, there)}", known)


def _native(
    door: Door, model: str, messages: list[Message], key: str | None, ca: str | None, forward: Forward
) -> Generator[Piece | Ended, None, None]:
    """Yield an answer from lines of JSON, the last of which has the counts."""
    with asked(door, "/api/chat", {"model": model, "messages": messages, "stream": True}, key, ca, forward) as lines:
        for line in lines:
            said = _object(door, line) if line.strip() else {}
            message = said.get("message") or {}
            yield from _pieces(message.get("content"), message.get("thinking"))
            if said.get("done"):
                nanoseconds = said.get("eval_duration")
                seconds = nanoseconds / 1e9 if nanoseconds else None
                yield Ended(said.get("eval_count"), seconds, said.get("done_reason") or "stop")
                return
    raise _broken_off(door)


def _openai(
    door: Door, model: str, messages: list[Message], key: str | None, ca: str | None, forward: Forward
) -> Generator[Piece | Ended, None, None]:
    """Yield an answer from server-sent events; the counts are in an event of their own, or missing."""
    document = {"model": model, "messages": messages, "stream": True, "stream_options": {"include_usage": True}}
    tokens, seconds, reason = None, None, ""
    with asked(door, "/chat/completions", document, key, ca, forward) as lines:
        for line in lines:
            if not line.startswith(b"data:"):
                _ensure_no_error(door, line)
                continue
            data = line.removeprefix(b"data:").strip()
            if data == b"[DONE]":
                yield Ended(tokens, seconds, reason or "stop")
                return
            said = _object(door, data)
            for choice in said.get("choices") or []:
                delta = choice.get("delta") or {}
                yield from _pieces(delta.get("content"), delta.get("reasoning_content") or delta.get("reasoning"))
                reason = choice.get("finish_reason") or reason
            tokens = (said.get("usage") or {}).get("completion_tokens", tokens)
            if timings := said.get("timings"):
                tokens, seconds = timings.get("predicted_n", tokens), timings.get("predicted_ms", 0) / 1000 or None
    if not reason:
        raise _broken_off(door)
    yield Ended(tokens, seconds, reason)


def _pieces(text: str | None, thought: str | None) -> Iterator[Piece]:
    if thought:
        yield Piece(thought, is_thought=True)
    if text:
        yield Piece(text)


def _object(door: Door, raw: bytes) -> dict[str, Any]:
    try:
        document = json.loads(raw)
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise KitError(f"{door.name} sent an invalid answer: {raw[:100]!r}", next_step(door))
    if "error" in document:
        # The status was sent before the work began: a failure comes as a line.
        raise refused(door, 200, raw)
    return document


def _ensure_no_error(door: Door, line: bytes) -> None:
    if line.startswith(b"{") and b'"error"' in line:
        _object(door, line)


def _broken_off(door: Door) -> KitError:
    return KitError(f"{door.name}: the answer ended early", next_step(door))
