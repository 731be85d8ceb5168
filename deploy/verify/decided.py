"""A deployment as a document for the checks' own process."""

from __future__ import annotations

import json
from pathlib import Path

from deploy.deployment.document import read, written
from deploy.deployment.host import Deployment


def write_deployment(deployment: Deployment, path: Path) -> None:
    """Write everything that the checks need; it has names of secrets, never values."""
    path.write_text(json.dumps(written(Deployment, deployment)))


def read_deployment(path: Path) -> Deployment:
    """Read it back, typed."""
    return read(Deployment, json.loads(path.read_text()))
