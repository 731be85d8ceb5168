"""The machine that backs up into a repository: one at a time, and another one only if a person says so.

Two machines with one repository would remove each other's backups, and `latest` would mean the data of either. That
happens where a stack moved and the former machine still runs it.
"""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path
from typing import Any

from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import BEFORE, MACHINE, tagged, taken_at
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import read, remember

ID = "machine-"
"""Beginning of a snapshot's tag that tells a machine from one of the same name."""
_STRANGE = re.compile(r"[^A-Za-z0-9.-]")
"""Characters that no name of a machine has; a comma would end the tag."""


def machine_tags(root: Path) -> list[str]:
    """Return the tags of this machine's snapshots."""
    return ["--tag", f"{ID}{_own_id(root)}", "--tag", f"{MACHINE}{_STRANGE.sub('-', socket.gethostname())}"]


def ensure_own(root: Path, restic: Restic, stack: str) -> None:
    """Raise AgentError if another machine was the last to back up into the repository."""
    # Reading takes no lock.
    listed = restic.ask("snapshots", "--no-lock", "--host", stack, "--tag", "kit").listed
    # A backup from before a restore is none that `latest` means, so it takes nothing over.
    taken = [each for each in listed if tagged(each, BEFORE) != "restore"]
    newest: dict[str, Any] = max(taken, key=taken_at, default={})
    if tagged(newest, ID) in ("", _own_id(root)):
        return
    name, moment = tagged(newest, MACHINE) or "another one", taken_at(newest)
    raise AgentError(
        f"the machine that backed up into {restic.repository} last, at {moment}, is another one: {name}",
        f"a repository has one machine; if the stack moved there, `{Line('destroy')}` ends it here; if it moved here, "
        f"`{Line('backup', 'now', '--take-over')}`",
    )


def _own_id(root: Path) -> str:
    """Return this machine's name in tags, made at its first backup; a restore brings none from elsewhere."""
    known = read(root).get("machine")
    if not known:
        known = os.urandom(8).hex()
        remember(root, machine=known)
    return str(known)
