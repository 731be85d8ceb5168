"""Another repository than the host's own, which is only read: nothing is written into it, not even a lock."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.restic import GIVEN, Restic
from deploy.agent.backups.sftp import options
from deploy.agent.data.restoring import brought_folder
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import BACKUP_KEY, BACKUP_OWNER
from deploy.agent.line import Line
from deploy.agent.stack.secrets import secret_path

if TYPE_CHECKING:
    from deploy.agent.contract.restores import OtherRepository

READ_ONLY = ("--no-lock",)


@contextmanager
def elsewhere(root: Path, other: OtherRepository, inherited: int | None = None) -> Iterator[Restic]:
    """Give restic on another repository; the value of its key is in no file and in no argument."""
    repository, held = other["repository"], () if inherited is None else (inherited,)
    way = (*READ_ONLY, *options(root, repository, other.get("ssh")))
    try:
        if "key" not in other:
            yield Restic(repository, _own_key(root), held, way)
            return
        descriptor = os.memfd_create("kit-backup-key")
        try:
            os.write(descriptor, other["key"].encode())
            yield Restic(repository, GIVEN / str(descriptor), (*held, descriptor), way)
        finally:
            os.close(descriptor)
    finally:
        if repository == str(brought_folder(root)):
            shutil.rmtree(repository, ignore_errors=True)


def _own_key(root: Path) -> Path:
    key = secret_path(root, BACKUP_OWNER, BACKUP_KEY)
    if not key.exists():
        line = Line("backup", "restore", "latest", "--key", "FILE")
        raise AgentError("no key of a repository is on this host", f"give the one that it was made with: {line}")
    return key
