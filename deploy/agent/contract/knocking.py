"""The verb `knock`: connections from this machine to addresses of another one, and what answers there."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import Request


class Question(TypedDict):
    """A connection, and a request over it."""

    address: str
    port: int
    path: str
    """Path to ask for over HTTP; empty for the connection alone."""
    key: str
    """Key to send as a bearer's; empty for none."""
    tls: bool
    """True for HTTPS; no certificate is refused."""


class KnockRequest(Request):
    """The connections to try, all at once."""

    questions: list[Question]


class Knocked(TypedDict):
    """The answer to one question."""

    source: str
    """Address of this machine on the connection; empty if there was none."""
    status: int
    """Status of the HTTP answer; 0 if there was none."""
    body: str
    """First characters of the HTTP answer."""
    trouble: str
    """Cause of a missing connection or answer, in words."""


class KnockAnswer(TypedDict):
    """The answers in the order of the questions."""

    answers: list[Knocked]
