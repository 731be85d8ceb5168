"""Operation `sync`: gives each engine the models of the spec, as decided; equal models are left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.journal import Journal
from deploy.agent.protocols.doors.making import Engine, Memory, Sync

if TYPE_CHECKING:
    from deploy.agent.contract.engines import Done, SyncAnswer, SyncRequest
    from deploy.agent.contract.releases import ServicesRequest

Restart = Callable[["ServicesRequest", Journal], None]


def run(request: SyncRequest, journal: Journal, restart: Restart | None = None) -> SyncAnswer:
    """Run the operation `sync`."""
    root = Path(request["root"])
    memory = Memory(root)
    done: Done = {"created": [], "pulled": [], "removed": []}
    for described in request["engines"]:
        engine = Engine(described, root, request.get("ca"))
        sync = Sync(engine, described, memory, done, journal)
        before = len(done["removed"])
        sync.run(request)
        if len(done["removed"]) > before and described.get("models_dir") is not None:
            remember_removal(root, engine.name)
        if sync.mending.done and described.get("models_dir") is not None:
            # It remembers what it could not do without the lost part, for as long as it runs.
            again: ServicesRequest = {"stack": request["stack"], "root": request["root"], "services": [engine.name]}
            (restart or restarted)(again, journal)
        sync.mending.end()
    return {"changed": any(done.values()), **done}


def restarted(request: ServicesRequest, journal: Journal) -> None:
    """Restart an engine and wait until it is healthy."""
    # A run that mends nothing has no use for Docker.
    from deploy.agent.releases.running import restart

    restart(request, journal)


def remember_removal(root: Path, engine: str) -> None:
    """Record that an engine's folder may be empty now, because kit.yaml wants no model."""
    # A run that removes nothing has no use for places.
    from deploy.agent.data import places

    places.remember_removal(root, engine)
