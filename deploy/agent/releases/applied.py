"""Operations `applied` and `remains`: what is on the host of a stack, for the verbs that deal with that alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data import indexes
from deploy.agent.data.left import remembered_paths
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import all_of_stack
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import KIT, project_of
from deploy.agent.protocols.doors.making import Memory
from deploy.agent.protocols.doors.names import same
from deploy.agent.releases.remove import MADE, is_rooted
from deploy.agent.remembered import read_json
from deploy.agent.stack.backup_memory import observe
from deploy.agent.stack.deployed import FILE

if TYPE_CHECKING:
    from deploy.agent.contract.applied import AppliedAnswer, AppliedRequest, RemainsAnswer, RemainsRequest

DOCKER_SECONDS = 10


def run(request: AppliedRequest, _journal: Journal) -> AppliedAnswer:
    """Answer which stacks have a release, and what the release of one of them says."""
    kit, stack = Path(request.get("kit", KIT)), str(request.get("stack") or "")
    stacks = sorted(link.parent.name for link in kit.glob("*/current"))
    # Another word than a folder's own name leads elsewhere.
    if not stack or Path(stack).name != stack:
        return {"stacks": stacks, "release": None, "deployment": None, "places": []}
    root = kit / stack
    decided = read_json(root / "current" / FILE)
    answer: AppliedAnswer = {
        "stacks": stacks,
        "release": _release(root),
        "deployment": decided,
        "places": remembered_paths(root),
        "backups": observe(root),
    }
    return {**answer, "indexes": indexes.observe(root)} if request.get("indexes") else answer


def remains(request: RemainsRequest, _journal: Journal) -> RemainsAnswer:
    """Answer what a removal would find, without the hold, which would make a folder to be held in."""
    root = Path(request["root"])
    return {
        "made": any((root / name).exists() or (root / name).is_symlink() for name in MADE),
        "root": is_rooted(root),
        "folders": [folder for folder in request["folders"] if Path(folder).exists()],
        "docker": _is_in_docker(request["stack"]),
        "backups": observe(root)["repository"],
        "models": {engine: models for engine, models in _brought(root, request["engines"]) if models},
    }


def _release(root: Path) -> str | None:
    try:
        return (root / "current").readlink().name
    except OSError:
        return None


def _is_in_docker(stack: str) -> bool:
    docker = Docker(timeout=DOCKER_SECONDS)
    if not Path(docker.path).exists():
        return False
    try:
        containers = all_of_stack(docker.containers({"kit.stack": stack}), stack)
        return bool(containers or docker.networks({"com.docker.compose.project": project_of(stack)}))
    except AgentError:
        # The removal itself tells what is wrong with the engine, with the way out.
        return True


def _brought(root: Path, engines: list[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the models that were made on each engine, then the tags that were pulled for them."""
    try:
        memory = Memory(root)
    except AgentError:
        # A newer kit wrote it, and that one can say.
        return
    for engine in sorted(engines):
        made = sorted(memory.pairs(engine))
        yield engine, [*made, *sorted(set(memory.tags(engine)) - set(map(same, made)))]
