"""Who may change this machine."""

from __future__ import annotations

import os

from deploy.cli.terminal.calling import this_line
from deploy.errors import KitError


def ensure_root(what: str) -> None:
    """Refuse anybody but root, with the line to type."""
    if os.geteuid() != 0:
        raise KitError(f"{what}: that needs root", f"type: sudo {this_line()}")
