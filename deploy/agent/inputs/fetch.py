"""Downloads a file from an address, resumed when a connection ends too early."""

from __future__ import annotations

import http.client
import urllib.error
import urllib.request
from collections.abc import Iterator

from deploy.agent.errors import AgentError
from deploy.agent.inputs.archive import PIECE
from deploy.agent.inputs.mirrors import NEXT, TIMEOUT_SECONDS, Mirrors
from deploy.agent.line import Line

PARTIAL = 206
# In a row and without one more byte: one that brings something is no failure.
MOST_FAILURES = 3


def fetched(address: str, mirrors: Mirrors, size: int, done: int = 0) -> Iterator[bytes]:
    """Yield the rest of a file after `done` bytes; redirects are followed, since its sha256 is checked anyway."""
    failures = 0
    while True:
        before = done
        try:
            for piece in _rest(address, mirrors, done, size):
                done += len(piece)
                yield piece
            problem = f"it ended after {done} of {size} bytes"
        except urllib.error.HTTPError as answer:
            raise _failure(address, mirrors, str(answer)) from None
        except (OSError, ValueError, http.client.HTTPException) as broken:
            problem = str(getattr(broken, "reason", broken)) or type(broken).__name__
        if done >= size:
            return
        failures = 0 if done > before else failures + 1
        if failures == MOST_FAILURES:
            raise _failure(address, mirrors, problem)


def _rest(address: str, mirrors: Mirrors, done: int, size: int) -> Iterator[bytes]:
    request = urllib.request.Request(address, headers={"User-Agent": "kit"})  # noqa: S310 - kit.yaml takes http(s) alone
    if done:
        request.add_header("Range", f"bytes={done}-")
    with mirrors.opener().open(request, timeout=TIMEOUT_SECONDS) as answer:
        # Whoever cannot go on in the middle sends all of it again.
        skip = 0 if answer.status == PARTIAL else done
        length = answer.headers.get("Content-Length")
        if length and int(length) + done - skip != size:
            raise AgentError(
                f"{address} has {int(length) + done - skip} bytes now, expected {size}",
                f"`{Line('lock', '--upgrade', address)}` reads it again",
            )
        while piece := answer.read(PIECE):
            if piece[skip:]:
                yield piece[skip:]
            skip = max(skip - len(piece), 0)


def _failure(address: str, mirrors: Mirrors, problem: str) -> AgentError:
    return AgentError(f"{mirrors.named(address)} cannot be fetched: {problem}", NEXT)
