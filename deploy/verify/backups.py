"""The check of a host's backups: only `kit verify` makes it, for no apply shall fail because of an old backup."""

from __future__ import annotations

from datetime import datetime

from deploy.hosts.observation.backups import SeenBackups
from deploy.verify.report import STACK, Check

NAME = "has a good backup that is not too old"


def backup_check(seen: SeenBackups, now: datetime) -> Check:
    """Return the result of the check."""
    troubles = seen.troubles(now)
    return Check(NAME, STACK, "failed" if troubles else "passed", 0.0, "; ".join(troubles))
