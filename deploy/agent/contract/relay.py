"""Request and answer of the verb `relay`."""

from __future__ import annotations

from typing import TypedDict

from deploy.agent.contract.envelope import Request


class RelayRequest(Request):
    """A socket that root alone may use, for a user who signed in and became root."""

    path: str
    uid: int


class Relayed(TypedDict):
    """The first line of the agent; it relays until its standard input closes."""

    socket: str
    """Path of a socket that the user may use."""
