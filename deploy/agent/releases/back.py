"""Operation `roll_back`: rolls back a release that is healthy here, because another host of its apply failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.put_back import finish_put_back
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases import rollback
from deploy.agent.releases.standing import standing
from deploy.agent.releases.way_back import forget_way_back, way_back_for
from deploy.agent.stack.release import linked_release

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, RollBackAnswer
    from deploy.agent.releases.rollback import Services


def run(request: ConvergeRequest, journal: Journal) -> RollBackAnswer:
    """Roll back to the release from before this apply; answer why where that is impossible."""
    root, docker = Path(request["root"]), Docker()
    finish_put_back(root, journal)
    back, current = way_back_for(root, request), linked_release(root, "current")
    if back is None or current is None:
        return _stays("was not changed")
    begun = rollback.touched(request) if current == request["release"] else {}
    services = rollback.concerned(root, request, begun, back["release"], current)
    if obstacle := rollback.obstacle(docker, root, current, back, services):
        return _stays(obstacle)
    with (
        journal.step(f"rolling back to {back['release'][:12]}"),
        standing(docker, root, request["stack"], services, journal),
    ):
        aside = _gone_back(docker, root, request, services, back, journal)
    forget_way_back(root)
    words = rollback.done_words(back["release"], aside)
    return {"changed": True, "words": words}


def _stays(words: str) -> RollBackAnswer:
    return {"changed": False, "words": words}


def _gone_back(
    docker: Docker, root: Path, request: ConvergeRequest, services: Services, back: dict[str, Any], journal: Journal
) -> dict[str, str]:
    try:
        return rollback.go_back_to(docker, root, request, services, back, journal)
    except (AgentError, OSError) as failure:
        problem = f"rolling back to {back['release'][:12]} failed: {told(failure).problem}"
        raise AgentError(problem, f"fix the cause, then run `{Line('apply')}` again") from failure
