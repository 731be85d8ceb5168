"""The hold, the right to change a host: its holder's agent process keeps `<root>/run/hold` locked."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from deploy.agent.errors import HELD, AgentError
from deploy.agent.remembered import read_json

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Holder

HOLD = "hold"
WORKING = "working"
COMPOSING = "composing"
# A probe looks at the lock by taking it for a moment: one refusal alone proves no holder.
PATIENCE_SECONDS = 0.5
COMPOSE_SECONDS = 60.0
"""Timeout for a compose that outlives its agent: it stops a container and starts its successor."""
LOOK_SECONDS = 0.05


def hold_path(root: Path) -> Path:
    """Return the file that the holder locks and that names the holder."""
    return root / "run" / HOLD


def current_holder(root: Path) -> Holder | None:
    """Return the present holder of the host; a file without a lock is an old one."""
    path = hold_path(root)
    return cast("Holder", read_json(path) or {}) if is_locked(path) else None


def is_locked(path: Path) -> bool:
    """True if a process has an exclusive lock on a file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not try_lock(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def try_lock(descriptor: int, kind: int) -> bool:
    """Lock an open file if no other lock prevents it."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class Held:
    """The hold while it is taken; a holder without a reported end was interrupted."""

    def __init__(self, descriptor: int, holder: dict[str, Any]) -> None:
        self._descriptor = descriptor
        self._holder = holder
        self._write(ended=False)

    def end(self) -> None:
        """Record that the run reached its own end, good or bad."""
        self._write(ended=True)

    def _write(self, *, ended: bool) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({**self._holder, "ended": ended}).encode() + b"\n", 0)


@contextmanager
def holding(root: Path, holder: dict[str, Any], patience_seconds: float = PATIENCE_SECONDS) -> Iterator[Held]:
    """Take the hold for a control node's run or for a job; raise AgentError if another holder outlasts the patience."""
    hold_path(root).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(hold_path(root), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        _take(descriptor, root, patience_seconds)
        since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        yield Held(descriptor, {**holder, "since": since})
    finally:
        os.close(descriptor)


def _take(descriptor: int, root: Path, patience_seconds: float) -> None:
    begun = time.monotonic()
    # A step may go on whose control node has gone: its hold is free then, the host is not.
    while not try_lock(descriptor, fcntl.LOCK_EX) or is_locked(root / "run" / WORKING):
        if time.monotonic() > begun + patience_seconds:
            raise held_by(_known(root))
        time.sleep(LOOK_SECONDS)
    while is_locked(root / "run" / COMPOSING):
        if time.monotonic() > begun + COMPOSE_SECONDS:
            raise held_by(_known(root))
        time.sleep(LOOK_SECONDS)


def _known(root: Path) -> Holder:
    return cast("Holder", read_json(hold_path(root)) or {})


@contextmanager
def working(request: Mapping[str, Any], verb: str) -> Iterator[None]:
    """Refuse a run without the hold; allow one step at a time, which the next holder has to wait for."""
    root, run = Path(request["root"]), request.get("run", "")
    _ensure_holds(root, run, verb)
    descriptor = os.open(root / "run" / WORKING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        # Once more: the step before may have taken long, and its run may have let go meanwhile.
        _ensure_holds(root, run, verb)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def composing(root: Path) -> Iterator[int]:
    """Lock a file that compose inherits: even if the agent is killed, it stays locked until compose has ended."""
    (root / "run").mkdir(parents=True, exist_ok=True)
    descriptor = os.open(root / "run" / COMPOSING, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _ensure_holds(root: Path, run: str, verb: str) -> None:
    holder = current_holder(root)
    if not run or holder is None:
        raise AgentError(
            f"{verb} changes the host, and this run does not have its hold",
            "run the same command again: it takes the hold, which a control node loses that was silent for too long",
        )
    if holder.get("run") != run:
        raise held_by(holder)


def held_by(holder: Holder) -> AgentError:
    """Return the error that names the holder."""
    who = f"{holder.get('user', 'somebody')} on {holder.get('host', 'this host')}"
    what = f"{holder.get('command') or 'a run of kit'} (pid {holder.get('pid', '?')}) since {holder.get('since', '?')}"
    return AgentError(
        f"the host is held by {who}: {what}",
        "wait until it has ended, then run the same command again",
        HELD,
        held_by=holder,
    )
