"""The bridge: folders that a person and a container share, their databases, and documents that are added."""

from __future__ import annotations

from typing import Literal, TypedDict

from deploy.agent.contract.envelope import Changed, StackRequest

WatchedChange = Literal["new", "changed", "removed"]


class BridgeRequest(StackRequest):
    """A question about the folders of one service."""

    service: str


class BridgedFolder(TypedDict):
    """A folder of the host that a container sees."""

    host_path: str
    container_path: str
    read_only: bool
    exists: bool
    uid: int
    gid: int
    mode: str
    files: int
    bytes: int


class OpenedBy(TypedDict):
    """A process that has a database open."""

    pid: int
    program: str
    service: str
    """Service of the stack whose container it is in; empty for a process of the host."""


class BridgedDatabase(TypedDict):
    """A database among the data."""

    path: str
    exists: bool
    bytes: int
    log_bytes: int
    """Size of its write-ahead log: a copy of the database alone lacks what is in it."""
    opened_by: list[OpenedBy]


class BridgeAnswer(TypedDict):
    """The folders and databases of a service."""

    service: str
    is_running: bool
    folders: list[BridgedFolder]
    databases: list[BridgedDatabase]


class WatchRequest(BridgeRequest):
    """A question for changes in the folders of a service, until its asker leaves."""

    interval_seconds: float


class Watched(TypedDict):
    """One line of the answer: a changed file."""

    time: str
    change: WatchedChange
    path: str
    bytes: int


class EditRequest(BridgeRequest):
    """An edit of a service's database."""

    health_timeout: float


class EditAnswer(Changed):
    """The result of an edit."""

    database: str
    aside: str
    """Folder with the database from before; empty if nothing changed."""


class Document(TypedDict):
    """A file of the control node."""

    name: str
    sha256: str
    size: int


class AddRequest(BridgeRequest):
    """Files for a knowledge base of a service."""

    to: str
    documents: list[Document]


class Refused(TypedDict):
    """A file that was not added."""

    name: str
    problem: str


class AddAnswer(Changed):
    """The names of the files by what became of them."""

    added: list[str]
    present: list[str]
    """Files that the knowledge base had before, by their content."""
    refused: list[Refused]
