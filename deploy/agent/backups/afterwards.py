"""Notes after a restore: models that this host lacks, indexes that were made anew, data that does not answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.backups.copies import MODELS, models_of
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import dumped
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.decided import data_of, decided_service
from deploy.agent.rooms import call_room, has_operation

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Backup, Statement

SHORT_DIGEST = 12


def missing_models(restic: Restic, backup: Backup, snapshot: str, said: Statement) -> Iterator[str]:
    """Yield each model that the backup names and this host has not, and each that waits for a library's layers."""
    here, unlocked = models_of(backup), said.get("unlocked", {})
    for engine, models in sorted(dumped(restic, snapshot, MODELS).items()):
        for name, digest in sorted(models.items()):
            known = here.get(engine, {}).get(name)
            if known != digest:
                state = "is another one here" if known else "is not on this host"
                pull = f"`{Line('models', 'pull', name)}`"
                # No kit.lock has those that a person pulled or made.
                is_own = name in unlocked.get(engine, [])
                lines = f"{pull} if a library has it, else make it again" if is_own else f"`{Line('apply')}`, or {pull}"
                yield f"the model {name} of {engine} ({digest[:SHORT_DIGEST]}) {state}: {lines}"
    yield from _waiting(backup, said)


def _waiting(backup: Backup, said: Statement) -> Iterator[str]:
    """Yield each model that lacks layers of a library's: a backup has those alone that no library has."""
    if not said.get("bases"):
        return
    from deploy.agent.protocols.doors.making import damages, stored

    for store in backup["stores"]:
        models = stored(store["models_dir"]) or {}
        lost = {models[key].live.name for key in damages(store["models_dir"], models)}
        for name, bases in sorted(said["bases"].get(store["service"], {}).items()):
            if name in lost:
                origins = " and ".join(f"{base} ({digest[:SHORT_DIGEST]})" for base, digest in sorted(bases.items()))
                yield f"the model {name} of {store['service']} answers once its library's model is here: {origins}"


def unanswered(root: Path, services: list[str], journal: Journal) -> Iterator[str]:
    """Yield what each restored application made anew, and the problem of one that does not find what is in its data."""
    for name in services:
        service = decided_service(root, name)
        if service is None or not has_operation(service["kind"], "restored"):
            continue
        asked: dict[str, object] = {"name": name, "room": service["room"], "path": data_of(service)["host_path"]}
        with journal.step(f"search in {name}"):
            try:
                answer = call_room(service["kind"], "restored", asked, str(root), journal)
                yield from (f"{lost}; {name} has made its index anew" for lost in answer.get("rebuilt", []))
            except AgentError as problem:
                yield f"{problem.problem}; {problem.next_step}"
