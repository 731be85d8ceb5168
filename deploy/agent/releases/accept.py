"""Accepts a verified release as the good one; a later failure rolls back to it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data.pending import forget_copies
from deploy.agent.data.places import remember_places
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.way_back import forget_way_back
from deploy.agent.remembered import append_line
from deploy.agent.stack.configurations import remember_configurations
from deploy.agent.stack.fingerprints import remember_unknown
from deploy.agent.stack.release import forget_unproven, linked_release, point

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import Changed, StackRequest
    from deploy.agent.contract.releases import AcceptRequest


def run(request: AcceptRequest, _journal: Journal) -> Changed:
    """Set `good`, and write the audit line if there is one; forget the way back unless other hosts still accept."""
    root = Path(request["root"])
    if linked_release(root, "current") != request["release"]:
        raise AgentError(f"release {request['release'][:12]} does not run on this host", f"run `{Line('apply')}` again")
    docker = Docker()
    listed = of_stack(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    inspected = {name: docker.container(container["Id"]) for name, container in listed.items()}
    remember_configurations(root, {name: container for name, container in inspected.items() if container is not None})
    remember_unknown(root, {name: container["Id"] for name, container in listed.items()})
    changed = point(root, "good", request["release"])
    forget_unproven(root)
    remember_places(root, request.get("places", {}), request.get("origin", ""))
    if request.get("alone", True):
        _forget_before(root)
    if request.get("audit"):
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        line = {"time": now, **request["audit"], "release": request["release"], "run": request["run"]}
        append_line(root / "audit.log", line, flushed=True)
    return {"changed": changed}


def settle(request: StackRequest, _journal: Journal) -> Changed:
    """Forget what a rollback would need: every host of the apply has accepted its release."""
    _forget_before(Path(request["root"]))
    return {"changed": False}


def _forget_before(root: Path) -> None:
    # The way back goes last: as long as it is there, the host is not settled, and the next apply comes here again.
    forget_copies(root)
    forget_way_back(root)
