"""Container logs without the values of secrets."""

from __future__ import annotations

import os
from pathlib import Path

from deploy.agent.docker.api import Docker

LOG_LINES = 30


def redacted_log(docker: Docker, root: Path, container: str, lines: int = LOG_LINES) -> list[str]:
    """Return a container's last lines without any secret's value, those of other services included."""
    text = "\n".join(docker.logs(container, lines)[-lines:])
    for path in sorted((root / "secrets").glob("*/*")):
        value = path.read_text(errors="replace").strip()
        text = text.replace(value, "[redacted]") if value else text
    return text.splitlines()


def can_redact(root: Path) -> bool:
    """True if this user can read the secrets, and so knows the values to remove."""
    return not (root / "secrets").exists() or os.access(root / "secrets", os.R_OK | os.X_OK)


def shown_log(lines: list[str]) -> str:
    """Return log lines in the form that follows a message."""
    return "".join(f"\n  {line}" for line in lines)
