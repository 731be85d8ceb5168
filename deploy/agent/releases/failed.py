"""Keeps the log of a container that did not get healthy, because a rollback removes the container."""

from __future__ import annotations

import shutil
from pathlib import Path

from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import with_trials
from deploy.agent.docker.logs import redacted_log
from deploy.agent.errors import AgentError
from deploy.agent.remembered import write_file

LINES = 1000


def keep_log(docker: Docker, root: Path, stack: str, service: str) -> Path | None:
    """Keep the last lines of a service's container; None if there are none, which is no failure."""
    path = _folder(root) / f"{service}.log"
    try:
        container = with_trials(docker.containers({"kit.stack": stack}), stack).get(service)
        lines = redacted_log(docker, root, container["Id"], LINES) if container else []
        if not lines:
            return None
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_file(path, "".join(f"{line}\n" for line in lines).encode(), 0o600)
    except (AgentError, OSError):
        return None
    return path


def forget_logs(root: Path) -> None:
    """Forget the kept logs: the failed service runs now, or was given up."""
    # Mostly there are none; a healthy stack does not fail for an old log.
    shutil.rmtree(_folder(root), ignore_errors=True)


def _folder(root: Path) -> Path:
    return root / "run" / "failed"
