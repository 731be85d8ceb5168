"""Failures that a host notices by itself, and whom it calls."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import Changed


class FailureCall(TypedDict):
    """A release's address or program that is told of failures."""

    format: int
    stack: str
    url: str | None
    command: str | None
    body: str
    ca: str | None


class Trouble(TypedDict):
    """A failure that lasts."""

    kind: str
    """backup, service, disk or card."""
    subject: str
    """Object of the failure, such as a service's name or a folder."""
    problem: str


class WatchAnswer(Changed):
    """The failures that last, and those that somebody was told of now."""

    troubles: list[Trouble]
    told: list[Trouble]
