"""The host's scheduler: systemd, or cron without it; where its files lie, and how it is told of them."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.agent.errors import AgentError
from deploy.agent.programs import which

SYSTEMD = Path("/run/systemd/system")
"""Folder that exists while systemd is process 1."""
UNITS = Path("/etc/systemd/system")
CRON = Path("/etc/cron.d")
CRONS = ("cron", "crond")
SBIN = "/usr/sbin"
"""Folder of cron; it is often missing in the PATH of a command over SSH."""


def has_systemd() -> bool:
    """True if systemd is the scheduler here, False if cron is."""
    return SYSTEMD.is_dir()


def has_cron() -> bool:
    """True if cron is installed."""
    path = os.pathsep.join((os.environ.get("PATH", ""), SBIN))
    return any(which(program, path=path) for program in CRONS)


def systemctl(*words: str) -> None:
    """Run systemctl; raise AgentError if it fails."""
    # Not above: a probe looks at units and starts no program.
    import subprocess

    program = which("systemctl") or "systemctl"
    done = subprocess.run([program, *words], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        said = done.stderr.strip() or f"exit code {done.returncode}"
        raise AgentError(f"systemctl {' '.join(words)}: {said}", "see `systemctl status`, then apply again")
