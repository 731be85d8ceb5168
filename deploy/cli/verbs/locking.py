"""The lock that an apply makes if there is none."""

from __future__ import annotations

from pathlib import Path

from deploy.cli.terminal.output import Output
from deploy.cli.terminal.progress import progress
from deploy.decide.desired import lock_path
from deploy.lifecycle.locking import renew_lock


def lock_and_tell(output: Output, spec: Path) -> tuple[str, ...]:
    """Write the lock of a kit.yaml without one; print and return its pins."""
    with progress() as display:
        changes = renew_lock(spec, display).lines
    pins = "It pins:" if changes else "Nothing in it had to be pinned."
    words = [
        f"{lock_path(spec)} is written; commit it beside {spec.name}. {pins}",
        *(f"  {change}" for change in changes),
    ]
    output.say("\n".join([*words, ""]))
    return changes
