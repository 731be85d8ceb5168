"""Rolls back to the last release that ran: its link, images, containers and data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.owners import owners_back, secrets_back
from deploy.agent.data.pending import forget_copy, read_pending
from deploy.agent.data.places import go_back
from deploy.agent.data.put_back import put_back
from deploy.agent.data.versions import remember_versions
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import of_stack, with_trials
from deploy.agent.docker.health import HEALTH_SECONDS, Wait, restarts_before, stop_container
from deploy.agent.docker.logs import shown_log
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.failed import keep_log
from deploy.agent.releases.running import stopped_services
from deploy.agent.releases.starting import start_services
from deploy.agent.releases.trial import TrialError
from deploy.agent.releases.way_back import forget_way_back, remember_converged
from deploy.agent.stack.fingerprints import fingerprints, forget, remember
from deploy.agent.stack.release import linked_release, point, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, Service

NEVER = "0001-"
STAYING = ("keep", "leave")
Services = dict[str, "Service"]


def touched(request: ConvergeRequest) -> Services:
    """Return the services that a run changes, in the order of their start."""
    changed = {name: each for name, each in request["services"].items() if each["action"] not in STAYING}
    return _in_order(changed, request)


def concerned(root: Path, request: ConvergeRequest, services: Services, before: str | None, *now: str) -> Services:
    """Return services with those of two releases that differ: an earlier run of an unsettled apply changed them."""
    earlier = _services(root, before)
    if earlier is None:
        return services
    changed = dict(services)
    for release in filter(None, now):
        later = _services(root, release) or earlier
        for name in sorted(earlier.keys() | later.keys()):
            if name not in changed and earlier.get(name) != later.get(name):
                changed[name] = {**request["services"].get(name, {"action": ""}), "action": "recreate"}
    return _in_order(changed, request)


def _in_order(services: Services, request: ConvergeRequest) -> Services:
    order = request.get("order", [])
    return dict(sorted(services.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))


def _services(root: Path, release: str | None) -> dict[str, dict[str, Any]] | None:
    manifest = read_manifest(root, release) if release else None
    return manifest["services"] if manifest else None


def roll_back(
    docker: Docker,
    request: ConvergeRequest,
    services: Services,
    back: dict[str, Any],
    failure: AgentError,
    journal: Journal,
) -> AgentError:
    """Roll back and return the error to raise: the failure, the result of the rollback, and its cost.

    A failed trial has changed no container, so those that are as before stay.
    """
    root, release = Path(request["root"]), back["release"]
    services = concerned(root, request, services, release, request["release"], linked_release(root, "current") or "")
    trial = failure if isinstance(failure, TrialError) else None
    stays = f"the running {trial.service} was not stopped" if trial else ""
    if words := obstacle(docker, root, request["release"], back, services):
        return _failed(failure, stays or words, _after(trial.service, trial.log) if trial else "", rolled_back=False)
    service = failure.details.get("service")
    kept = keep_log(docker, root, request["stack"], service) if service and not trial else None
    with journal.step(f"rolling back to {release[:12]}"):
        try:
            standing = _as_before(docker, root, request["stack"], back) if trial else frozenset()
            if trial and trial.service not in standing:
                stays = ""
            aside = go_back_to(docker, root, request, services, back, journal, standing)
        except (AgentError, OSError) as second:
            failed = f"rolling back to {release[:12]} failed as well: {told(second).problem}"
            next_step = _after(service, trial.log if trial else kept) if trial or kept else ""
            return _failed(failure, "; ".join(filter(None, (failed, stays))), next_step, rolled_back=False)
    forget_way_back(root)
    words = "; ".join(filter(None, (done_words(release, aside), stays)))
    # Its own next step leads to the container, and that is the healthy one again.
    next_step = _after(service, trial.log if trial else kept)
    return _failed(failure, words, next_step, rolled_back=True, release=release, aside=aside)


def _after(service: str | None, log: Path | None) -> str:
    """Return the next step for a service whose container is another one by now."""
    lies = f"the log of {service} is in {log}; " if log else ""
    return f"{lies}fix the cause, then run `{Line('apply')}` again"


def _as_before(docker: Docker, root: Path, stack: str, back: dict[str, Any]) -> frozenset[str]:
    """Return the services whose containers run as the earlier release says, with its images."""
    earlier = _services(root, back["release"]) or {}
    return frozenset(
        name
        for name, listed in of_stack(docker.containers({"kit.stack": stack}), stack).items()
        if name in earlier
        and listed["State"] == "running"
        and listed["Labels"].get("kit.digest") == earlier[name]["digest"]
        and listed["ImageID"] == back["images"].get(name, {}).get("id")
    )


def obstacle(docker: Docker, root: Path, release: str, back: dict[str, Any], services: Services) -> str:
    """Return why a release cannot be rolled back, in words; empty if it can."""
    if back["release"] is None or read_manifest(root, back["release"]) is None:
        return "there is no earlier release to roll back to; the containers stay for inspection"
    if back["release"] == release and not _replaced(docker, back, services):
        return "the previous release is this same one; the containers stay for inspection"
    return ""


def done_words(release: str, aside: Mapping[str, str]) -> str:
    """Return the result of a rollback in words, with the places of newer data."""
    done = [f"rolled back to release {release[:12]}, which runs now"]
    done += [f"the data that {name} wrote since the update is in {path}" for name, path in aside.items()]
    return "; ".join(done)


def _failed(failure: AgentError, words: str, next_step: str = "", **details: Any) -> AgentError:
    log = failure.details.get("log", [])
    return AgentError(
        f"{failure.problem}{shown_log(log)}\n{words}",
        next_step or failure.next_step or f"fix the cause, then run `{Line('apply')}` again",
        service=failure.details.get("service"),
        log=log,
        **details,
    )


def _replaced(docker: Docker, back: dict[str, Any], services: Services) -> list[str]:
    """Return the touched services whose image was rebuilt under the same name."""
    changed = []
    for name in services:
        before = back["images"].get(name)
        now = docker.image(before["reference"]) if before else None
        if before and now and now["Id"] != before["id"] and docker.image(before["id"]):
            changed.append(name)
    return changed


def go_back_to(
    docker: Docker,
    root: Path,
    request: ConvergeRequest,
    services: Services,
    back: dict[str, Any],
    journal: Journal,
    standing: Collection[str] = (),
) -> dict[str, str]:
    """Run the earlier release again with its images and data; return the folders of newer data by service.

    The containers of `standing` are left alone.
    """
    earlier = (read_manifest(root, back["release"]) or {"services": {}})["services"]
    containers = with_trials(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    changed = {name: service for name, service in services.items() if name not in standing}
    for name in changed:
        if name in containers:
            stop_container(docker, containers[name]["Id"])
    for name in _replaced(docker, back, services):
        docker.tag(back["images"][name]["id"], back["images"][name]["reference"])
    owners_back(back.get("owners", {}))
    secrets_back(root, back["release"], list(services))
    aside = _data_back(docker, root, changed, containers, back["release"], journal)
    for name in changed:
        if name in containers and name not in earlier:
            docker.remove(containers[name]["Id"])
    point(root, "current", back["release"])
    aside.update(go_back(root, back["release"]))
    asleep = stopped_services(root)
    names = [name for name in changed if name in earlier and name not in asleep]
    if names:
        _up(docker, root, request, names, journal)
    remember_converged(root, back["release"])
    remember_versions(root, {name: version for name, version in back.get("versions", {}).items() if name in services})
    return aside


def _data_back(
    docker: Docker,
    root: Path,
    services: Services,
    containers: dict[str, dict[str, Any]],
    release: str,
    journal: Journal,
) -> dict[str, str]:
    aside = {}
    for name, copy in read_pending(root).items():
        if name not in services:
            continue
        if _may_have_written(docker, containers.get(name), copy):
            aside[name] = put_back(root, name, Path(copy["folder"]), journal, release)
        forget_copy(root, name)
    return aside


def _may_have_written(docker: Docker, container: dict[str, Any] | None, copy: dict[str, Any]) -> bool:
    """True if a container with another image than the copy's has run on the data."""
    inspected = docker.container(container["Id"]) if container else None
    if inspected is None:
        return True
    has_run = not inspected["State"]["StartedAt"].startswith(NEVER)
    return has_run and inspected["Image"] != copy["image"]


def _up(docker: Docker, root: Path, request: ConvergeRequest, names: list[str], journal: Journal) -> None:
    seen = {name: fingerprints(root, name) for name in names}
    forget(root, names)
    journal.say(f"starting {', '.join(names)} of the earlier release")
    before = restarts_before(docker, request["stack"])
    start_services(docker, root, request, names, journal, recreate=False)
    asked = {name: service.get("health_timeout") for name, service in request["services"].items()}
    limits = {name: float(asked.get(name) or HEALTH_SECONDS) for name in names}
    healthy = Wait(docker, root, request["stack"], limits, before).until_healthy(journal)
    for name, container in healthy.items():
        remember(root, name, container["id"], seen[name])
