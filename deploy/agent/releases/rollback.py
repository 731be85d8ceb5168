"""Rolls back to the last release that ran: its link, images, containers and data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.owners import owners_back, secrets_back
from deploy.agent.data.pending import forget_copy, read_pending
from deploy.agent.data.places import go_back
from deploy.agent.data.put_back import put_back
from deploy.agent.docker.api import Docker
from deploy.agent.docker.compose import run_up, up_argv
from deploy.agent.docker.containers import of_stack
from deploy.agent.docker.health import Wait, restarts_before, stop_container
from deploy.agent.docker.logs import shown_log
from deploy.agent.errors import AgentError, told
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.failed import keep_log
from deploy.agent.releases.running import stopped_services
from deploy.agent.remembered import read_json, write_json
from deploy.agent.stack.fingerprints import fingerprints, forget, remember
from deploy.agent.stack.release import linked_release, point, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, Service

HEALTH_SECONDS = 180.0
NEVER = "0001-"
STAYING = ("keep", "leave")
Services = dict[str, "Service"]


def touched(request: ConvergeRequest) -> Services:
    """Return the services that a run changes, in the order of their start."""
    order = request.get("order", [])
    named = {name: service for name, service in request["services"].items() if service["action"] not in STAYING}
    return dict(sorted(named.items(), key=lambda item: order.index(item[0]) if item[0] in order else -1))


def remember_way_back(docker: Docker, root: Path, stack: str) -> dict[str, Any]:
    """Return the target of a rollback; it is stored, so a rerun after an interruption has the same target."""
    path = _path(root)
    known = read_json(path)
    release = target_release(root)
    if known is not None and known["release"] == release and "run" not in known:
        return known
    listed = of_stack(docker.containers({"kit.stack": stack}), stack)
    inspected = {name: docker.container(container["Id"]) for name, container in listed.items()}
    # The container's own words: a list of containers shows an id once a tag has moved on.
    images = {
        name: {"reference": container["Config"]["Image"], "id": container["Image"]}
        for name, container in inspected.items()
        if container
    }
    back = {"format": 1, "release": release, "images": images}
    write_json(path, back)
    return back


def keep_way_back(root: Path, back: dict[str, Any], run: str, versions: dict[str, str]) -> None:
    """Keep the target for this run alone: the new release is healthy here, and may fail on another host.

    Args:
        root: The stack's folder.
        back: The target.
        run: Id of the run.
        versions: The releases of applications that wrote the data before.
    """
    write_json(_path(root), {**back, "run": run, "versions": versions})


def way_back_of(root: Path, run: str) -> dict[str, Any] | None:
    """Return the target for a run, or for one that was interrupted; None if the run changed nothing."""
    known = read_json(_path(root))
    return known if known is not None and known.get("run", run) == run else None


def forget_way_back(root: Path) -> None:
    """Forget the target: the release is accepted, or was rolled back."""
    _path(root).unlink(missing_ok=True)


def _path(root: Path) -> Path:
    return root / "run" / "way_back.json"


def target_release(root: Path) -> str | None:
    """Return the last good release, or a later healthy one if going further back would cost data."""
    good = linked_release(root, "good")
    ran = (read_json(root / "run" / "converged.json") or {}).get("release")
    if ran is None or read_manifest(root, ran) is None:
        return good
    return good if good is not None and _images(root, good) == _images(root, ran) else ran


def _images(root: Path, release: str) -> dict[str, str] | None:
    manifest = read_manifest(root, release)
    return {name: service["image"] for name, service in manifest["services"].items()} if manifest else None


def roll_back(
    docker: Docker,
    request: ConvergeRequest,
    services: Services,
    back: dict[str, Any],
    failure: AgentError,
    journal: Journal,
) -> AgentError:
    """Roll back and return the error to raise: the failure, the result of the rollback, and its cost."""
    root, release = Path(request["root"]), back["release"]
    if words := obstacle(docker, root, request["release"], back, services):
        return _failed(failure, words, rolled_back=False)
    service = failure.details.get("service")
    log = keep_log(docker, root, request["stack"], service) if service else None
    with journal.step(f"rolling back to {release[:12]}"):
        try:
            aside = go_back_to(docker, root, request, services, back, journal)
        except (AgentError, OSError) as second:
            words = f"rolling back to {release[:12]} failed as well: {told(second).problem}"
            return _failed(failure, words, rolled_back=False)
    forget_way_back(root)
    # Its own next step leads to the container, and that is the healthy one again.
    lies = f"the log of {service} is in {log}; " if log else ""
    next_step = f"{lies}fix the cause, then run `{Line('apply')}` again"
    return _failed(failure, done_words(release, aside), next_step, rolled_back=True, release=release, aside=aside)


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
    docker: Docker, root: Path, request: ConvergeRequest, services: Services, back: dict[str, Any], journal: Journal
) -> dict[str, str]:
    """Run the earlier release again with its images and data; return the folders of newer data by service."""
    earlier = (read_manifest(root, back["release"]) or {"services": {}})["services"]
    containers = of_stack(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    for name in services:
        if name in containers:
            stop_container(docker, containers[name]["Id"])
    for name in _replaced(docker, back, services):
        docker.tag(back["images"][name]["id"], back["images"][name]["reference"])
    owners_back(services)
    secrets_back(root, back["release"], list(services))
    aside = _data_back(docker, root, services, containers, journal)
    for name in services:
        if name in containers and name not in earlier:
            docker.remove(containers[name]["Id"])
    point(root, "current", back["release"])
    aside.update(go_back(root, back["release"]))
    asleep = stopped_services(root)
    names = [name for name in services if name in earlier and name not in asleep]
    if names:
        _up(docker, root, request, names, journal)
    return aside


def _data_back(
    docker: Docker, root: Path, services: Services, containers: dict[str, dict[str, Any]], journal: Journal
) -> dict[str, str]:
    aside = {}
    for name, copy in read_pending(root).items():
        if name not in services:
            continue
        if _may_have_written(docker, containers.get(name), copy):
            aside[name] = put_back(root, name, Path(copy["folder"]), journal)
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
    run_up(root, up_argv(root, request["project"], names, recreate=False), ", ".join(names))
    asked = {name: service.get("health_timeout") for name, service in request["services"].items()}
    limits = {name: float(asked.get(name) or HEALTH_SECONDS) for name in names}
    healthy = Wait(docker, root, request["stack"], limits, before).until_healthy(journal)
    for name, container in healthy.items():
        remember(root, name, container["id"], seen[name])
