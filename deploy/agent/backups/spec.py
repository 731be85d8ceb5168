"""Operation `backed_up_spec`: kit.yaml and kit.lock out of a repository, for a person who has no more than that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploy.agent.backups.elsewhere import elsewhere
from deploy.agent.backups.snapshots import dumped_text, of_any_stack
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import KIT

if TYPE_CHECKING:
    from deploy.agent.contract.restores import SpecAnswer, SpecRequest

FOLDER = "configs/release/spec"
FILES = ("kit.yaml", "kit.lock")


def run(request: SpecRequest, _journal: Journal) -> SpecAnswer:
    """Return the files of a snapshot; no stack of this host is touched."""
    with elsewhere(KIT, request["other"]) as restic:
        snapshot = of_any_stack(restic, request["snapshot"])
        files = {name: dumped_text(restic, snapshot["id"], f"{FOLDER}/{name}") for name in FILES}
    return {"snapshot": snapshot["id"], "taken": snapshot["time"], "stack": snapshot["host"], "files": files}
