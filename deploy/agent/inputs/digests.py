"""sha256 of files that are about to be read: who plans is told of other bytes before anything begins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from deploy.agent.inputs.archive import sha256_of
from deploy.agent.journal import Journal


def run(request: dict[str, Any], _journal: Journal) -> dict[str, Any]:
    """Return the sha256 of each file by its path; a file that cannot be read has none."""
    found: dict[str, str] = {}
    for path in request["files"]:
        with suppress(OSError):
            found[path] = sha256_of(Path(path))
    return {"sha256": found}
