"""The files of the repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]


def tracked(*patterns: str) -> list[str]:
    """Paths, relative to the repository, of its files: those in git and those that are new."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", *patterns],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    return sorted(name for name in set(listed.stdout.split("\0")) if name and (REPOSITORY / name).is_file())


RECEIVER = "deploy/hosts/ssh/receiving.py"
"""Stores the agent on a host; it also runs where the host's Python is too old for the agent, and says so."""


def travelling() -> list[str]:
    """Modules that run on hosts, with the host's own Python."""
    return tracked("deploy/agent/*.py", "deploy/components/*/agent/*.py", RECEIVER)
