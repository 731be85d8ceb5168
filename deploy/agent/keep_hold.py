"""Operation `hold`: a control node keeps the hold while it writes signs of life to this process' standard input.

A finished run, good or bad, says so before it closes; a run that says nothing was interrupted.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.errors import AgentError
from deploy.agent.holder import LOOK_SECONDS, holding
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Asker, HoldRequest

ENDED = b"ended"
LAST_BYTES = 64
"""Number of last bytes of standard input that may hold the run's end; signs of life come before it."""
JOURNAL_BYTES = 4 * 2**20


def run(request: HoldRequest, journal: Journal) -> None:
    """Take the hold, report it, and stream this run's journal until standard input closes."""
    root = Path(request["root"])
    if not request.get("run"):
        raise AgentError("the request has no run id")
    asker = cast("Asker", request)
    with holding(root, _holder(request)) as held:
        start = _begin(journal.path)
        print(json.dumps({"held": True, "run": request["run"]}), flush=True)
        if _stream(journal.path, start, request["run"], asker.get("silence_seconds")):
            held.end()


def _holder(request: HoldRequest) -> dict[str, Any]:
    holder = {name: request.get(name) for name in ("run", "user", "host", "command")}
    return {**holder, "pid": request.get("pid", os.getpid())}


def _begin(path: Path) -> int:
    """Return the offset where this run's lines begin; an oversized journal starts anew."""
    size = path.stat().st_size if path.exists() else 0
    if size <= JOURNAL_BYTES:
        return size
    path.replace(path.with_suffix(".old.jsonl"))
    return 0


def _stream(path: Path, start: int, run: str, silence_seconds: float | None) -> bool:
    """Forward this run's lines until standard input closes or times out; return True if the run reported its end."""
    rest = last = b""
    alive = time.monotonic()
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        heard = os.read(sys.stdin.fileno(), 4096) if readable else b""
        closed, last = bool(readable) and not heard, (last + heard)[-LAST_BYTES:]
        alive = time.monotonic() if heard else alive
        if path.exists():
            with path.open("rb") as stream:
                stream.seek(start)
                new = stream.read()
            start += len(new)
            *lines, rest = (rest + new).split(b"\n")
            _forward(lines, run)
        if closed:
            return ENDED in last
        if silence_seconds is not None and time.monotonic() > alive + silence_seconds:
            # A laptop that sleeps, say: the host is free for others, and the next step of this run is refused.
            return False


def _forward(lines: list[bytes], run: str) -> None:
    for line in lines:
        if _run_of(line) == run:
            sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()


def _run_of(line: bytes) -> str | None:
    try:
        document = json.loads(line)
    except ValueError:
        # Cut off by a full disk, say: no reason to let go of the host.
        return None
    return document.get("run") if isinstance(document, dict) else None
