"""The hold of a host, kept by an agent that a transport has started."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

from deploy.agent.contract.envelope import Held, JournalLine
from deploy.agent.contract.verbs import HOLD
from deploy.errors import KitError
from deploy.hosts.wire.answers import check_of, read_as
from deploy.hosts.wire.talking import Agent, decode, encode, streams_of
from deploy.hosts.wire.transport import OnLine

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import HoldRequest

BEAT_SECONDS = 5.0
SILENCE_SECONDS = 30.0
"""Time without a sign of life after which a holder loses its host."""


def holder() -> dict[str, str | int]:
    """Return the user, host and process that ask; other runs are told them."""
    import getpass
    import socket

    return {"user": getpass.getuser(), "host": socket.gethostname(), "pid": os.getpid()}


def held(agent: Agent, request: HoldRequest, on_line: OnLine) -> Iterator[Held]:
    """Hold the host by a started agent, until the caller goes on."""
    writing, reading, errors = streams_of(agent)
    writing.write(encode({"silence_seconds": SILENCE_SECONDS, **holder(), **request}))
    writing.flush()
    first = reading.readline()
    if not first.startswith(b'{"held"'):
        writing.close()
        _raise_from_end(agent, first + reading.read(), errors.read())
    listener = threading.Thread(target=_forward, args=(reading, on_line), daemon=True)
    listener.start()
    try:
        with _told_its_end(writing), _beating(writing):
            yield read_as(Held, json.loads(first), HOLD)
    finally:
        with contextlib.suppress(BrokenPipeError):
            writing.close()
        listener.join()
        agent.wait()


@contextlib.contextmanager
def _told_its_end(writing: IO[bytes]) -> Iterator[None]:
    """Tell the agent that a run has ended, also with an error; an interrupted one tells nothing."""
    try:
        yield
    except Exception:
        _say_ended(writing)
        raise
    _say_ended(writing)


@contextlib.contextmanager
def _beating(writing: IO[bytes]) -> Iterator[None]:
    """Send a sign of life every few seconds until the block ends."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            try:
                writing.write(b"alive\n")
                writing.flush()
            except (OSError, ValueError):
                # Its agent has ended: the next step says so.
                return

    beats = threading.Thread(target=beat, daemon=True)
    beats.start()
    try:
        yield
    finally:
        over.set()
        beats.join()


def _say_ended(writing: IO[bytes]) -> None:
    with contextlib.suppress(BrokenPipeError):
        writing.write(b"ended\n")
        writing.flush()


def _raise_from_end(agent: Agent, output: bytes, errors: bytes) -> None:
    decode(HOLD, agent.wait(), output, errors)
    raise KitError("the agent did not hold the host", "this is a fault of the kit")


def _forward(reading: IO[bytes], on_line: OnLine) -> None:
    is_wrong = check_of(JournalLine)
    for line in reading:
        told = json.loads(line)
        # A line of the journal that a full disk spoilt is no reason to hear no more.
        if not is_wrong(told):
            on_line(told)
