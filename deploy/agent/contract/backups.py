"""Backups: a release's own, and the verbs."""

from __future__ import annotations

from typing import Literal, TypedDict

from deploy.agent.contract.backup_runs import Before
from deploy.agent.contract.envelope import Changed, StackRequest
from deploy.agent.contract.jobs import CopiedData


class BackedUpData(CopiedData):
    """User data of a service, with the application's release that writes it."""

    version: str


class SharedFolders(BackedUpData):
    """Folders in which a person keeps files for a service, under one that belongs to the person."""

    uid: int
    gid: int


class ModelStore(TypedDict):
    """An engine's folder of models."""

    service: str
    models_dir: str
    protocol: str


class Ssh(TypedDict):
    """The way to a repository over sftp."""

    port: int | None
    identity: str | None
    host_key: str | None


# Models that somebody made on the engine itself, or all of an engine's store.
Weights = Literal["own", "all"]


class _Backup(TypedDict):
    format: int
    stack: str
    repository: str
    keep: dict[str, int]
    data: list[BackedUpData]
    stores: list[ModelStore]


class Backup(_Backup, total=False):
    """A release's backup: what goes into it, where it goes, and how many snapshots stay."""

    shared: list[SharedFolders]
    """Left out where no person shares folders with a service."""
    ssh: Ssh
    """Left out for a repository on the host itself."""
    weights: Weights
    """Models whose weights are in it as well; left out for none."""


class BackUpRequest(StackRequest, total=False):
    """A backup to take now."""

    before: Before
    """Change that follows; left out for a backup of its own."""
    watch_seconds: int
    """Interval of a watch: no backup if the newest is younger, or holds what there is now."""
    by_hand: bool
    """True for `kit backup now`; a request with none of the three is the daily job's."""
    takes_over: bool
    """True if this host follows another machine that backed up into the same repository."""


class _BackUpAnswer(Changed):
    snapshot: str
    repository: str
    files: int
    bytes: int


class BackUpAnswer(_BackUpAnswer, total=False):
    """The snapshot of a backup."""

    made: bool
    """True if this run made the repository."""
    same_disk: list[str]
    """Services whose data lies on the repository's file system; told by the run that made the repository."""
    unlocked: dict[str, list[str]]
    """Engine to its models that neither kit.yaml nor the backup has. Left out where there are none."""
    unsaved: dict[str, dict[str, str]]
    """Engine to models that should be in the backup, each with the reason for which it is not; left out for none."""


class BackupsRequest(StackRequest, total=False):
    """The snapshots of a stack, or one of them."""

    snapshot: str
    """`latest`, the beginning of an id, or of a time as `list` prints it; left out for all."""


class Snapshot(TypedDict):
    """A snapshot of the repository."""

    id: str
    time: str
    host: str
    before: str
    """Change that it was taken before; empty for none."""
    machine: str
    """Name of the machine that took it; empty for one of an older kit."""


class CheckRequest(StackRequest, total=False):
    """A check of the repository."""

    share: str
    """Share of the data to read, as `1/10`; all of it where none is named."""


class CheckAnswer(Changed):
    """The problems of the repository, each with the name of its broken file."""

    repository: str
    problems: list[str]


class Part(TypedDict):
    """A part of a snapshot, such as a service's data."""

    path: str
    files: int
    bytes: int


# Service to its databases, and of each database the number of rows by table.
Rows = dict[str, dict[str, dict[str, int]]]


class _Statement(TypedDict):
    format: int
    stack: str
    host: str
    release: str
    kit: str
    taken: str
    versions: dict[str, str]
    """Service to the application's release that wrote its data."""
    images: dict[str, str]


class Statement(_Statement, total=False):
    """A backup's description of itself, in its `configs/backup.json`."""

    rows: Rows
    """Left out of a backup of an older kit."""
    unlocked: dict[str, list[str]]
    """Engine to its models that neither kit.yaml nor the backup had."""
    weights: dict[str, list[str]]
    """Engine to its models whose weights are in the backup; left out for none."""
    unsaved: dict[str, dict[str, str]]
    """Engine to models that should be in the backup, each with the reason for which it is not; left out for none."""
    bases: dict[str, dict[str, dict[str, str]]]
    """Engine to its models of which a library has layers: the library's models with their digests."""


class DiffRequest(StackRequest):
    """Two snapshots, each named as in `list`."""

    first: str
    second: str


class Changes(TypedDict):
    """Names of one kind that differ between two snapshots."""

    added: list[str]
    changed: list[str]
    removed: list[str]


class RowsChange(TypedDict):
    """A table of a database whose number of rows differs."""

    service: str
    database: str
    table: str
    before: int
    after: int


class DiffAnswer(TypedDict):
    """The difference between two snapshots."""

    first: Snapshot
    second: Snapshot
    changes: dict[str, Changes]
    """Kind to its changes: `versions`, `models`, `secrets`, a service, or a folder of its data."""
    rows: list[RowsChange]


class DrillRequest(StackRequest, total=False):
    """A trial restore of a snapshot; the latest one where none is named."""

    snapshot: str


class Drilled(TypedDict):
    """A part of a snapshot that was restored and checked."""

    part: str
    files: int
    rows: dict[str, int]
    """Database to the number of its rows."""
    findings: list[str]
    """Findings of the application, in words; empty for a part that no application opened."""


class DrillAnswer(Changed):
    """A trial restore that passed."""

    snapshot: str
    taken: str
    seconds: float
    parts: list[Drilled]


class _BackupsAnswer(TypedDict):
    repository: str
    snapshots: list[Snapshot]


class BackupsAnswer(_BackupsAnswer, total=False):
    """Snapshots, the oldest first, and the problems of broken ones; of a single one its parts and its statement."""

    parts: list[Part]
    statement: Statement
    problems: list[str]
