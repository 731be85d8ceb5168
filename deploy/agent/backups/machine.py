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

from deploy.agent.backups.damage import kept_in
from deploy.agent.backups.files import snapshots_on_disk
from deploy.agent.backups.listing import Listing
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import BEFORE, MACHINE, tagged, taken_at
from deploy.agent.errors import AgentError
from deploy.agent.line import Line
from deploy.agent.stack.backup_memory import read, remember, taken_here

ID = "machine-"
"""Beginning of a snapshot's tag that tells a machine from one of the same name."""
_STRANGE = re.compile(r"[^A-Za-z0-9.-]")
"""Characters that no name of a machine has; a comma would end the tag."""


def machine_tags(root: Path) -> list[str]:
    """Return the tags of this machine's snapshots."""
    return [f"{ID}{_own_id(root)}", f"{MACHINE}{_STRANGE.sub('-', socket.gethostname())}"]


def ensure_own(root: Path, restic: Restic, listing: Listing) -> None:
    """Raise AgentError if another machine was the last to back up into the repository."""
    on_disk = snapshots_on_disk(restic.repository)
    if on_disk is not None and on_disk <= kept_in(root, restic.repository):
        # Nobody has added one since this machine's last backup.
        return
    # A backup from before a restore is none that `latest` means, so it takes nothing over.
    taken = [each for each in listing.ask(restic) if tagged(each, BEFORE) != "restore"]
    # restic lists the oldest first, also of those of one second.
    newest: dict[str, Any] = max(reversed(taken), key=taken_at, default={})
    if newest and not _is_own(root, taken, newest):
        raise _of_another(restic.repository, newest)


def _is_own(root: Path, taken: list[dict[str, Any]], newest: dict[str, Any]) -> bool:
    """Return True if this machine took a snapshot: it has the machine's id, or stands beside others of its memory.

    A former kit wrote no id, and an id is lost with the memory; the log of backups is kept beside it.
    """
    machine, own = tagged(newest, ID), _own_id(root)
    if machine == own:
        return True
    if not machine and any(tagged(each, ID) == own for each in taken):
        # This machine has an id by now, so a former kit on another one goes on with the repository.
        return False
    known = taken_here(root)
    is_own = any(str(each["id"]) in known for each in taken if tagged(each, ID) == machine)
    if is_own and machine:
        remember(root, machine=machine)
    return is_own


def _of_another(repository: str, newest: dict[str, Any]) -> AgentError:
    """Return the error that names the choices; only a person knows which machine was meant to go on."""
    name, moment, take_over = tagged(newest, MACHINE), taken_at(newest), Line("backup", "now", "--take-over")
    here, there = f"`{Line('backup', 'restore', 'latest')}`, then `{take_over}`", f"`{Line('destroy')}`"
    return AgentError(
        f"the machine that backed up into {repository} last, at {moment}, is another one: "
        f"{name or 'a former kit wrote no name'}",
        f"if the stack moved here: {here}\n"
        f"if it was this machine, and its memory of backups is lost: `{take_over}`\n"
        f"if the stack moved there, this one ends here: {there}",
    )


def _own_id(root: Path) -> str:
    """Return this machine's name in tags, made at its first backup; a restore brings none from elsewhere."""
    known = read(root).get("machine")
    if not known:
        known = os.urandom(8).hex()
        remember(root, machine=known)
    return str(known)
