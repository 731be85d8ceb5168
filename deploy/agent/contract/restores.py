"""Restores, and what a move brings from one host to another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypedDict

from deploy.agent.contract.envelope import Changed, Request, StackRequest

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Ssh


class _OtherRepository(TypedDict):
    repository: str


class OtherRepository(_OtherRepository, total=False):
    """A repository that a host only reads."""

    key: str
    """Value of its key; left out for the host's own."""
    ssh: Ssh | None
    """Way to a repository over sftp; left out for root's own settings."""


class Restoring(TypedDict, total=False):
    """A snapshot to restore, or a restore to take back."""

    snapshot: str
    only: list[str]
    """Parts to restore: services with data, and `secrets`; all of them where none is named."""
    to: str
    """Folder to restore everything into, in place of the data's own."""
    other: OtherRepository
    """Repository to restore from, in place of the host's own."""
    back: dict[str, str]
    """Parts whose former data comes back, each with its folder, as the answer to a restore has them."""


class RestoreRequest(StackRequest, Restoring, total=False):
    """A restore, with the time that each service may take to become healthy."""

    health_timeouts: Mapping[str, float]


class _RestoreAnswer(Changed):
    snapshot: str
    taken: str
    parts: list[str]
    services: list[str]
    """Services that were stopped for it and run again."""
    aside: dict[str, str]
    """Restored part to the folder with what was there before; empty for nothing."""


class RestoreAnswer(_RestoreAnswer, total=False):
    """The parts that were restored."""

    saved: str
    """Snapshot that was taken of what the restore replaced."""
    notes: list[str]
    """Models that this host lacks, and data that does not answer, each with the next step."""
    unsaved: str
    """Reason for which no snapshot was taken of it."""


class SpecRequest(Request):
    """The kit.yaml and kit.lock of a snapshot, on a host that may have no stack."""

    other: OtherRepository
    snapshot: str


class SpecAnswer(TypedDict):
    """The files in git that a snapshot was taken with."""

    snapshot: str
    taken: str
    stack: str
    files: dict[str, str]


class BroughtRequest(StackRequest):
    """A repository that comes from another host."""

    repository: str
    """Its path on the host that it comes from, for messages."""


class BroughtAnswer(Changed):
    """A repository that another host sent."""

    repository: str
    """Path of it here."""
