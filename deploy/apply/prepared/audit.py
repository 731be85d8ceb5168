"""The audit line that a host keeps: user, commit and changes."""

from __future__ import annotations

import getpass
import socket
import subprocess
from pathlib import Path

from deploy import __version__
from deploy.agent.contract.releases import AuditLine
from deploy.decide.desired import Share
from deploy.plan import Plan


def audit_line(desired: Share, plan: Plan) -> AuditLine:
    """Return the line for the host's audit.log; the agent adds the time and the release."""
    return {
        "host": desired.host,
        "user": getpass.getuser(),
        "from": socket.gethostname(),
        "kit": __version__,
        "commit": _commit(desired.path.parent),
        "changed": [f"{operation.action} {operation.resource}: {operation.cause}" for operation in plan.operations],
    }


def _commit(folder: Path) -> str | None:
    """Return the commit that kit.yaml was at, with a `+` where it was changed since; None outside git."""
    argv = ["git", "-C", str(folder.absolute()), "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty=+"]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
