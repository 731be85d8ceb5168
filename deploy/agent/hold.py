"""The right to change a host: a lock that lives as long as this process' standard input.

A run that comes to its end, good or bad, says so before it closes; one that says nothing was cut off.
"""

from __future__ import annotations

import fcntl
import json
import os
import select
import sys
import time
from pathlib import Path
from typing import Any

from deploy.agent.errors import AgentError
from deploy.agent.holder import COMPOSING, WORKING, held_by, hold_path, is_locked, try_lock
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json

# A probe looks at the lock by taking it for a moment: one refusal alone proves no holder.
PATIENCE_SECONDS = 0.5
COMPOSE_SECONDS = 60.0
"""How long a compose may take that outlives its agent: it stops a container and starts its successor."""
LOOK_SECONDS = 0.05
ENDED = b"ended"
JOURNAL_BYTES = 4 * 2**20


def run(request: dict[str, Any], journal: Journal) -> None:
    """Take the hold, say so, stream this run's journal until standard input closes."""
    root = Path(request["root"])
    if not request.get("run"):
        raise AgentError("a hold needs the id of its run")
    hold_path(root).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(hold_path(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, root)
        holder = _holder(request)
        _write_holder(descriptor, {**holder, "ended": False})
        start = _begin(journal.path)
        print(json.dumps({"held": True, "run": request["run"]}), flush=True)
        if _stream(journal.path, start, request["run"]):
            _write_holder(descriptor, {**holder, "ended": True})
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: Path) -> None:
    begun = time.monotonic()
    # A step may go on whose control node has gone: its hold is free then, the host is not.
    while not try_lock(descriptor, fcntl.LOCK_EX) or is_locked(root / "run" / WORKING):
        if time.monotonic() > begun + PATIENCE_SECONDS:
            raise held_by(read_json(hold_path(root)) or {})
        time.sleep(LOOK_SECONDS)
    while is_locked(root / "run" / COMPOSING):
        if time.monotonic() > begun + COMPOSE_SECONDS:
            raise held_by(read_json(hold_path(root)) or {})
        time.sleep(LOOK_SECONDS)


def _holder(request: dict[str, Any]) -> dict[str, Any]:
    holder = {name: request.get(name) for name in ("run", "user", "host", "command")}
    since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {**holder, "pid": request.get("pid", os.getpid()), "since": since}


def _write_holder(descriptor: int, holder: dict[str, Any]) -> None:
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode() + b"\n", 0)


def _begin(path: Path) -> int:
    """Return where this run's lines will begin; a journal that has grown large starts anew."""
    size = path.stat().st_size if path.exists() else 0
    if size <= JOURNAL_BYTES:
        return size
    path.replace(path.with_suffix(".old.jsonl"))
    return 0


def _stream(path: Path, start: int, run: str) -> bool:
    """Forward this run's lines until standard input closes; return whether it was said to have ended."""
    rest = said = b""
    while True:
        readable, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        heard = os.read(sys.stdin.fileno(), 4096) if readable else b""
        closed, said = bool(readable) and not heard, said + heard
        if path.exists():
            with path.open("rb") as stream:
                stream.seek(start)
                new = stream.read()
            start += len(new)
            *lines, rest = (rest + new).split(b"\n")
            _forward(lines, run)
        if closed:
            return ENDED in said


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
