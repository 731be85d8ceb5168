"""The kit's own folders on a host, and the names that follow from a stack's name."""

from __future__ import annotations

from pathlib import Path

KIT = Path("/opt/kit")
"""Folder of each stack, and of everything that stacks share."""
DATA = Path("/srv/kit")
"""User data of each stack, unless kit.yaml names another folder."""
CACHE = Path("/var/cache/kit")
"""Cache that speeds up the next build; may be removed at any time."""
AGENTS = KIT / "agent"
TOOLS = KIT / "tools"
UV = TOOLS / "bin" / "uv"
TOOLKITS = KIT / "gpu_toolkit"
"""Packages of NVIDIA's container toolkit, by version, to go back to."""
INSTALLED_DOCKER = KIT / "docker_engine.json"
"""Marks a Docker that the kit installed."""

BACKUPS = Path("/srv/kit-backups")
"""Repositories of the stacks' backups, unless kit.yaml names another folder."""
BACKUP_OWNER = "kit_backup"
"""Holder of the key of a host's backups; no service can have that name, for none has an underscore and this word."""
BACKUP_KEY = "backup_key"


def project_of(stack: str) -> str:
    """Return the name of a stack's compose project."""
    return f"kit-{stack}"
