"""`kit lock`."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.declare import spec_argument, verb
from deploy.cli.output import Output
from deploy.cli.progress import progress
from deploy.desired import lock_path
from deploy.lifecycle.locking import renew_lock


@verb("lock", "lock", "lock inventories/quickstart/kit.yaml")
@spec_argument
def command(output: Output, spec: Path) -> None:
    """Pin every moving input of kit.yaml in kit.lock.

    Asks the package index for versions and hashes, and writes kit.lock beside kit.yaml. Commit both.
    """
    with progress() as display:
        changes = renew_lock(spec, display)
    path = lock_path(spec)
    words = [f"{path} is as it was"] if not changes else [f"{path} is written:", *(f"  {change}" for change in changes)]
    output.answer("\n".join(words), {"lock": str(path), "changed": bool(changes), "changes": list(changes)})
