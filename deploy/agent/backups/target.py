"""A snapshot, or parts of it, in an empty folder of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.agent.backups.copies import SECRETS
from deploy.agent.backups.fetched import HOST_SECRETS, fetch_all
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import SHORT, statement
from deploy.agent.backups.space import ensure_space, sizes_in
from deploy.agent.errors import AgentError
from deploy.agent.inputs.disk import Need
from deploy.agent.interrupts import shielded
from deploy.agent.line import Line


def restore_into(restic: Restic, snapshot: str, only: list[str], target: Path, again: Line | str) -> None:
    """Restore the named parts of a snapshot into a folder, or all of it; a failure leaves the folder empty."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise AgentError(f"{target} is not an empty folder", "name another one: a restore overwrites nothing")
    insides = _insides(restic, snapshot, only)
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        wanted = insides or [("the backup", "")]
        sizes = sizes_in(restic, snapshot, [inside for _, inside in wanted])
        ensure_space([Need(target, sizes[inside], what) for what, inside in wanted])
        fetch_all(restic, snapshot, [inside for _, inside in insides], target, again)
    except BaseException:
        # Parts of a restore would keep a disk full that running services may share.
        with shielded():
            for path in target.iterdir():
                shutil.rmtree(path)
        raise


def _insides(restic: Restic, snapshot: str, only: list[str]) -> list[tuple[str, str]]:
    """Return the named parts, each with its path in the snapshot."""
    if not only:
        return []
    said = statement(restic, snapshot)
    known = {name: f"data/{name}" for name in sorted({*said["versions"], *said.get("weights", {})})}
    known[HOST_SECRETS] = SECRETS
    for name in only:
        if name not in known:
            raise AgentError(f"the backup {snapshot[:SHORT]} has no {name!r}", f"there are: {', '.join(known)}")
    return [(name, known[name]) for name in dict.fromkeys(only)]
