"""The verbs that look at an applied stack: what is there, what a removal would find, what services print."""

from __future__ import annotations

from typing import Any, TypedDict

from deploy.agent.contract.backup_runs import SeenBackups
from deploy.agent.contract.envelope import Request, StackRequest
from deploy.agent.contract.indexes import SeenIndex


class AppliedRequest(Request, total=False):
    """A stack whose release is asked for."""

    stack: str | None
    kit: str
    """Folder of all stacks."""
    indexes: bool
    """True if the search indexes are looked at, too."""


class _AppliedAnswer(TypedDict):
    stacks: list[str]
    release: str | None
    deployment: dict[str, Any] | None
    places: list[str]


class AppliedAnswer(_AppliedAnswer, total=False):
    """The stacks that have a release, and the release, backups and indexes of the one that was asked for."""

    backups: SeenBackups
    indexes: dict[str, SeenIndex]
    """Search indexes by service; left out unless requested."""


class RenderedRequest(StackRequest):
    """Paths of files of the current release, from the stack's root."""

    paths: list[str]


class RenderedAnswer(TypedDict):
    """The texts of the files, by path; one that is not of the release or cannot be read is left out."""

    files: dict[str, str]


class RemainsRequest(StackRequest):
    """The folders and engines of a stack that a removal is about."""

    folders: list[str]
    engines: list[str]


class RemainsAnswer(TypedDict):
    """The parts of a stack that a removal would find."""

    made: bool
    root: bool
    folders: list[str]
    docker: bool
    backups: str
    models: dict[str, list[str]]


class LogsRequest(Request):
    """Services whose printed lines are asked for."""

    services: list[str]
    tail: int
    follow: bool
    coloured: bool
    prefixed: bool
