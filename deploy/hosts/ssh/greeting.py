"""Beginning of a session on a host over SSH: answers sudo's question, and reads the host's greeting."""

from __future__ import annotations

import os
import selectors
import time

from deploy.deployment.way import Way
from deploy.errors import KitError, UnreachableError
from deploy.hosts.ssh import passwords, troubles
from deploy.hosts.ssh.bootstrap import ASKS, MARK, NO_SUDO, Greeting, read_greeting, sent_agent
from deploy.hosts.ssh.connection import Session
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.hosts.wire.talking import LOST, streams_of

LARGEST_SKEW_SECONDS = 300
SECONDS = 120
"""Timeout for a host to say something."""


class LostError(Exception):
    """The connection ended before the host had said anything; nothing was sent to an agent."""

    def __init__(self, said: str, *, is_opener: bool) -> None:
        super().__init__(said)
        self.said = said
        """The words of ssh."""
        self.is_opener = is_opener
        """True if it was never open: this very ssh was to open it."""


def greeted(session: Session, way: Way) -> Greeting:
    """Bring a session to the point where its agent waits for a request; the agent is sent where it is missing."""
    words = _next_line(session, way)
    if words == [NO_SUDO]:
        raise troubles.no_sudo(way)
    greeting = read_greeting(words)
    if greeting is None:
        raise KitError(f"{way.label} said: {' '.join(words)}", "this is a fault of the kit")
    _ensure_fit(greeting, session.begun, way)
    if greeting.state == "wants":
        _send_agent(session, way)
    return greeting


def _ensure_fit(greeting: Greeting, begun: float, way: Way) -> None:
    if not {"debian", "ubuntu"}.intersection(greeting.system):
        raise troubles.other_system(way, " ".join(greeting.system[:1]))
    if greeting.state == "no-python":
        raise troubles.no_python(way)
    # It greeted at some moment since then: a session that began ahead may have waited for a person meanwhile.
    least, most = greeting.time - time.time(), greeting.time - begun
    if least > LARGEST_SKEW_SECONDS or most < -LARGEST_SKEW_SECONDS:
        raise troubles.other_time(way, least if least > 0 else most)


def _send_agent(session: Session, way: Way) -> None:
    writing, _, _ = streams_of(session)
    try:
        writing.write(sent_agent(agent_zip()))
        writing.flush()
    except BrokenPipeError:
        # What the host says next tells why.
        pass
    state, *words = _next_line(session, way)
    if state == "old-python":
        raise troubles.old_python(way, " ".join(words))
    if state != "placed":
        raise troubles.unplaced(way, " ".join(words))


def _next_line(session: Session, way: Way) -> list[str]:
    """Return the words of the host's next line for the control node; other lines are a login shell's."""
    _, reading, errors = streams_of(session)
    output, said, asked = b"", b"", 0
    with selectors.DefaultSelector() as streams:
        for stream in (reading, errors):
            streams.register(stream, selectors.EVENT_READ)
        while streams.get_map():
            ready = streams.select(SECONDS)
            if not ready:
                raise UnreachableError(
                    f"{way.label} has said nothing for {SECONDS} s", f"try it by hand: {way.line('true')}"
                )
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                if not piece:
                    streams.unregister(key.fileobj)
                elif key.fileobj is reading:
                    output += piece
                else:
                    said += piece
            for line in output.split(b"\n")[:-1]:
                mark, *words = line.decode(errors="replace").split() or [""]
                if mark == MARK:
                    return words
            if said.count(ASKS.encode()) > asked:
                asked += 1
                _answer(session, way, asked)
    raise _ended(session, way, said.decode(errors="replace").replace(ASKS, ""))


def _answer(session: Session, way: Way, asked: int) -> None:
    """Answer sudo once: a second wrong password could lock the user out."""
    if asked > 1:
        passwords.forget(way)
        raise troubles.wrong_password(way)
    writing, _, _ = streams_of(session)
    writing.write(passwords.password_of(way).encode() + b"\n")
    writing.flush()


def _ended(session: Session, way: Way, said: str) -> Exception:
    if session.wait() == LOST:
        return LostError(said, is_opener=session.is_opener)
    # The last is how sudo-rs says it, which newer Ubuntus have.
    if any(sign in said for sign in ("sudoers", "not allowed to", "may not run", "I'm afraid I can't do that")):
        return troubles.not_a_sudoer(way)
    last = (said.strip().splitlines() or ["nothing"])[-1]
    return KitError(f"{way.label} started no agent and said: {last}", f"try it by hand: {way.line('sudo true')}")
