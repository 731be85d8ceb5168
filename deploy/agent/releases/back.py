"""Operation `roll_back`: rolls back a release that is healthy here, because another host of its apply failed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.put_back import finish_put_back
from deploy.agent.data.versions import remember_versions
from deploy.agent.docker.api import Docker
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases import rollback
from deploy.agent.releases.standing import standing
from deploy.agent.remembered import write_json
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, RollBackAnswer
    from deploy.agent.releases.rollback import Services


def run(request: ConvergeRequest, journal: Journal) -> RollBackAnswer:
    """Roll back to the release from before this run; answer why where that is impossible."""
    root, docker = Path(request["root"]), Docker()
    finish_put_back(root, journal)
    back = rollback.way_back_of(root, request["run"])
    if back is None or linked_release(root, "current") != request["release"]:
        return _stays("was not changed")
    services = _concerned(root, request, back["release"])
    if obstacle := rollback.obstacle(docker, root, request["release"], back, services):
        return _stays(obstacle)
    with (
        journal.step(f"rolling back to {back['release'][:12]}"),
        standing(docker, root, request["stack"], services, journal),
    ):
        aside = _gone_back(docker, root, request, services, back, journal)
    write_json(root / "run" / "converged.json", {"format": 1, "release": back["release"]})
    remember_versions(root, {name: version for name, version in back.get("versions", {}).items() if name in services})
    rollback.forget_way_back(root)
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


def _concerned(root: Path, request: ConvergeRequest, release: str | None) -> Services:
    """Return the services that this run changed, and those that differ since the release that runs again."""
    services = rollback.touched(request)
    before, now = (read_manifest(root, each) if each else None for each in (release, request["release"]))
    if before is None or now is None:
        return services
    others = {
        name: service
        for name, service in request["services"].items()
        if name not in services and before["services"].get(name) != now["services"].get(name)
    }
    return {**services, **{name: {**service, "action": "recreate"} for name, service in others.items()}}
