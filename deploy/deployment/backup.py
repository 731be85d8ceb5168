"""The backup of one host, decided."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.deployment.secrets import Secret


@dataclass(frozen=True)
class Ssh:
    """The way to a repository over sftp."""

    port: int | None
    identity: str | None
    host_key: str | None


@dataclass(frozen=True)
class Backup:
    """A host's backup: its repository, how many snapshots stay, and the files in git that it takes along."""

    repository: str
    keep: tuple[tuple[str, int], ...]
    ssh: Ssh | None = None
    """The way to a repository over sftp."""
    key_reference: str = ""
    """Place of the repository's key on the control node; empty for one that the host makes."""
    weights: Literal["own", "all", "none"] = "own"
    """Models whose weights go into it: those that somebody made on an engine itself, all, or none."""
    files: tuple[tuple[str, str], ...] = ()
    """kit.yaml and kit.lock by name, so that a backup alone says what ran."""

    @property
    def key(self) -> Secret:
        """The key of the repository."""
        return backup_key(self.key_reference)


def backup_key(reference: str = "") -> Secret:
    """Return the key of a host's backups; each host has one of its own."""
    return Secret(
        BACKUP_KEY,
        BACKUP_OWNER,
        shown_as="key of this host's backups: nobody can read them without it, so keep a copy elsewhere",
        reference=reference,
    )
