"""Requests to this room's program on a host, in the types that the control node and the program share."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from deploy.agent.contract.bridge import Document


class SecretName(TypedDict):
    """A secret in the place of its value."""

    secret: str
    owner: str


class Account(TypedDict):
    """An account of the application."""

    email: str
    password: SecretName


class Owned(TypedDict):
    """Decisions of the room about one web UI."""

    address: str
    """Host and port of the web UI."""
    database: str
    settings: dict[str, object]
    """Settings that the kit owns, by the application's own keys; a secret stands there by its name."""
    account: Account
    """The kit's own account."""
    person: Account


class Service(TypedDict):
    """A web UI."""

    room: Owned


class Looked(TypedDict):
    """A folder with data that a web UI may have left there."""

    path: str
    databases: list[str]
    counted: bool
    """True to count chats and accounts."""


class Indexed(TypedDict):
    """The data of a web UI, with its search index."""

    path: str


class Restored(Service, Indexed):
    """A web UI that runs on restored data."""


class Drilled(Restored):
    """A second web UI that runs on restored data, at an address of its own."""

    address: str


class Adding(Service):
    """Documents for a knowledge base."""

    to: str
    documents: list[Document]
