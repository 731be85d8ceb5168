"""sha256 of files that will be read: a plan then reports changed bytes before anything begins."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.inputs.archive import sha256_of
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.inputs import DigestsAnswer, DigestsRequest


def run(request: DigestsRequest, _journal: Journal) -> DigestsAnswer:
    """Return the sha256 of each file by its path; an unreadable file has none."""
    digests: dict[str, str] = {}
    for path in request["files"]:
        with suppress(OSError):
            digests[path] = sha256_of(Path(path))
    return {"sha256": digests}
