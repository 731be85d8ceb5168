"""Passwords for sudo on hosts: a person's own, so they stay in this process and go to a host's standard input alone."""

from __future__ import annotations

import os
import re
import sys
import threading
from pathlib import Path

from deploy.deployment.way import PROMPT, Way
from deploy.errors import KitError
from deploy.hosts.ssh.question import Question
from deploy.hosts.ssh.troubles import no_password, no_terminal
from deploy.hosts.wire.talking import awaited

_NOT_OF_A_LINE = re.compile(r"[\n\r\0\ud800-\udfff]")
"""Ends of a line, and what Python makes of a variable's bytes that are no UTF-8."""
_KNOWN: dict[str, str] = {}
_ASKING = threading.Lock()
"""Hosts are asked in parallel, a person about one after the other."""


def password_of(way: Way) -> str:
    """Return the password of a host's user, asked for once in a run."""
    question = Question(f"Password of {way.label} for sudo: ")
    # Ctrl-C also ends the wait for one's turn.
    with awaited(question), _ASKING:
        if way.name not in _KNOWN:
            _KNOWN[way.name] = _typed(way, question) if way.sudo_password == PROMPT else _kept(way)
        return _KNOWN[way.name]


def known_password(way: Way) -> str | None:
    """Return the password if the host has asked for it in this run."""
    return _KNOWN.get(way.name)


def forget(way: Way) -> None:
    """Forget a password that was refused."""
    _KNOWN.pop(way.name, None)


def take_over(way: Way, password: str) -> None:
    """Take a password from the process that started this one."""
    _KNOWN[way.name] = password


def _typed(way: Way, question: Question) -> str:
    if not (sys.stdin and sys.stdin.isatty()):
        raise no_terminal(way)
    try:
        return question.answer()
    except (EOFError, OSError):
        raise no_password(way) from None


def _kept(way: Way) -> str:
    kind, _, place = way.sudo_password.partition(":")
    at = f"hosts.{way.name}.sudo_password"
    if kind == "env":
        if place not in os.environ:
            raise KitError(f"{at}: the variable {place} is not set", f"set it: export {place}=...")
        return _one_line(os.environ[place], f"{at}: the variable {place}", f"set it: export {place}=...")
    try:
        path = Path(place)
        is_open = path.stat().st_mode & 0o077
        text = path.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as problem:
        said = getattr(problem, "strerror", None) or "it is no text"
        raise KitError(f"{at}: {place} cannot be read: {said}", "write the password into this file") from None
    if is_open:
        raise KitError(f"{at}: other users may read {place}", f"type: chmod 600 {place}")
    return _one_line(text, f"{at}: {place}", "write the password into this file, and nothing else")


def _one_line(text: str, holder: str, step: str) -> str:
    """Return a password; sudo reads one line, and what is behind it would be the agent's request."""
    if not text or _NOT_OF_A_LINE.search(text):
        raise KitError(f"{holder} must hold one line of text", step)
    return text
