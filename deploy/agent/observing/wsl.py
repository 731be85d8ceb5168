"""Windows around this machine, if it is one of WSL's."""

from __future__ import annotations

import subprocess
from pathlib import Path

from deploy.agent.observing.texts import text_of

KERNEL = Path("/proc/sys/kernel/osrelease")
WSLINFO = "wslinfo"


def networking_mode() -> str | None:
    """Return the networking mode of WSL, empty if it does not tell; None on every other machine."""
    if "microsoft" not in text_of(KERNEL).lower():
        return None
    try:
        argv = [WSLINFO, "--networking-mode"]
        ended = subprocess.run(argv, capture_output=True, text=True, timeout=10, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ended.stdout.strip() if ended.returncode == 0 else ""
