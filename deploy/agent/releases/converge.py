"""Makes the containers as a placed release says, waits for their health, and rolls back unhealthy ones."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.data.data_copies import take_copies
from deploy.agent.data.moving import settle_places
from deploy.agent.data.owners import change_owners
from deploy.agent.data.put_back import finish_put_back
from deploy.agent.data.versions import remember_versions
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import all_of_stack, of_stack, with_trials
from deploy.agent.docker.health import HEALTH_SECONDS, Before, Wait, restarts_before, stop_container
from deploy.agent.errors import AgentError, told
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases import rollback
from deploy.agent.releases.failed import forget_logs
from deploy.agent.releases.running import forget_stopped, stopped_services
from deploy.agent.releases.standing import standing
from deploy.agent.releases.starting import start_services
from deploy.agent.releases.trial import TrialError, try_images
from deploy.agent.releases.way_back import keep_way_back, remember_converged, remember_way_back
from deploy.agent.stack.fingerprints import fingerprints, forget, remember
from deploy.agent.stack.release import linked_release, mark_unproven, point

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeAnswer, ConvergeRequest, Healthy, Service

MADE = ("create", "start")
Services = dict[str, "Service"]


def run(request: ConvergeRequest, journal: Journal) -> ConvergeAnswer:
    """Converge until healthy or rolled back; a rerun continues where an interrupted run stopped."""
    root, services = Path(request["root"]), rollback.touched(request)
    docker = Docker()
    if not (root / "releases" / request["release"] / "compose.yaml").exists():
        raise AgentError(
            f"release {request['release'][:12]} is not on this host", f"run `{Line('apply')}`, which places it"
        )
    finish_put_back(root, journal)
    meant = [name for name, service in services.items() if service["action"] not in ("remove", "stop")]
    with journal.step("containers"), standing(docker, root, request["stack"], meant, journal):
        back = remember_way_back(docker, root, request)
        try:
            try_images(docker, root, request, services, journal)
        except TrialError as failure:
            raise rollback.roll_back(docker, request, services, back, failure, journal) from failure
        settle_places(docker, root, request, services, journal)
        take_copies(docker, root, request, services, back, journal)
        before = restarts_before(docker, request["stack"])
        try:
            with shielded():
                change_owners(docker, request["stack"], services, journal)
                changed = _make(docker, root, request, services, journal)
            healthy = _wait(docker, root, request, services, before, journal)
        except (AgentError, OSError) as failure:
            raise rollback.roll_back(docker, request, services, back, told(failure), journal) from failure
    remember_converged(root, request["release"], request["run"])
    remember_versions(root, {name: service.get("data_version") for name, service in request["services"].items()})
    keep_way_back(root, back, request)
    forget_logs(root)
    return {"changed": changed, "services": healthy}


def _make(docker: Docker, root: Path, request: ConvergeRequest, services: Services, journal: Journal) -> bool:
    if linked_release(root, "current") == request["release"] and not services:
        return False
    mark_unproven(root, request["release"])
    point(root, "current", request["release"])
    containers = with_trials(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    for name in _with_action(services, "remove", "stop"):
        if name in containers:
            journal.say(f"stopping {name}")
            stop_container(docker, containers[name]["Id"])
            if services[name]["action"] == "remove":
                docker.remove(containers[name]["Id"])
    _remove_leftovers(docker, request["stack"], [*services])
    made, recreated = _with_action(services, *MADE), _with_action(services, "recreate")
    seen = {name: fingerprints(root, name) for name in (*made, *recreated)}
    forget(root, list(seen))
    for names, recreate in ((recreated, True), (made, False)):
        if names:
            journal.say(f"{'recreating' if recreate else 'starting'} {', '.join(names)}")
            start_services(docker, root, request, names, journal, recreate=recreate)
    containers = of_stack(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    for name, now in seen.items():
        if name in containers:
            remember(root, name, containers[name]["Id"], now)
    forget_stopped(root, [*made, *recreated])
    return True


def _remove_leftovers(docker: Docker, stack: str, names: list[str]) -> None:
    """Remove the second container of a service: an interrupted recreation leaves one, and compose fails on it."""
    everything = docker.containers({"kit.stack": stack})
    kept = {listed["Id"] for listed in of_stack(everything, stack).values()}
    for container in all_of_stack(everything, stack):
        if container["Labels"]["kit.service"] in names and container["Id"] not in kept:
            docker.remove(container["Id"])


def _with_action(services: Services, *actions: str) -> list[str]:
    return [name for name, service in services.items() if service["action"] in actions]


def _wait(
    docker: Docker,
    root: Path,
    request: ConvergeRequest,
    services: Services,
    before: Before,
    journal: Journal,
) -> dict[str, Healthy]:
    """Wait for the touched services, and for those that an interrupted run left starting."""
    left = _with_action(request["services"], "leave")
    asleep = {*stopped_services(root), *_with_action(services, "remove", "stop"), *left}
    limits = {
        name: float(service.get("health_timeout") or HEALTH_SECONDS)
        for name, service in request["services"].items()
        if name not in asleep
    }
    return Wait(docker, root, request["stack"], limits, before).until_healthy(journal)
