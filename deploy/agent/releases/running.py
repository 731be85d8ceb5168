"""Stops and starts existing containers; a stopped service stays stopped until `start` or `apply`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.put_back import finish_put_back
from deploy.agent.data.sound import ensure_sound
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import HEALTH_SECONDS, UnhealthyError, Wait, restarts_before, stop_container
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.releases.standing import standing
from deploy.agent.remembered import read_json, write_json
from deploy.agent.stack.fingerprints import fingerprints, remember, was_recreated

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ServicesAnswer, ServicesRequest


def stop(request: ServicesRequest, journal: Journal) -> ServicesAnswer:
    """Stop services in reverse order, and remember that a person stopped them."""
    root, docker, containers = Path(request["root"]), Docker(), _found(request)
    stopped = []
    for name in reversed(list(containers)):
        if is_up(containers[name]):
            with journal.step(f"stop {name}"):
                stop_container(docker, containers[name]["Id"])
            stopped.append(name)
    _write(root, sorted({*stopped_services(root), *containers}))
    return {"changed": bool(stopped), "services": stopped}


def start(request: ServicesRequest, journal: Journal) -> ServicesAnswer:
    """Start services and wait until they are healthy."""
    finish_put_back(Path(request["root"]), journal)
    containers = _found(request)
    started = [name for name in containers if containers[name]["State"] != "running"]
    ensure_sound(Path(request["root"]), started)
    _start(request, containers, started, journal)
    return {"changed": bool(started), "services": started}


def restart(request: ServicesRequest, journal: Journal) -> ServicesAnswer:
    """Stop and start services, and wait until they are healthy."""
    finish_put_back(Path(request["root"]), journal)
    docker, containers = Docker(), _found(request)
    ensure_sound(Path(request["root"]), containers)
    with standing(docker, Path(request["root"]), request["stack"], containers, journal):
        for name in reversed(list(containers)):
            with journal.step(f"stop {name}"):
                stop_container(docker, containers[name]["Id"])
        _start(request, containers, list(containers), journal)
    return {"changed": bool(containers), "services": list(containers)}


def _start(request: ServicesRequest, containers: dict[str, Any], names: list[str], journal: Journal) -> None:
    root, docker = Path(request["root"]), Docker()
    before = restarts_before(docker, request["stack"])
    forget_stopped(root, list(containers))
    for name in names:
        seen = fingerprints(root, name)
        try:
            docker.start(containers[name]["Id"])
        except AgentError as problem:
            raise AgentError(
                f"{name} cannot start: {problem.problem}", f"`{Line('apply')}` makes its container anew"
            ) from problem
        if not was_recreated(root, name, containers[name]["Id"]):
            remember(root, name, containers[name]["Id"], seen)
    limits = {name: float(request.get("health_timeouts", {}).get(name) or HEALTH_SECONDS) for name in containers}
    with journal.step("health"):
        try:
            Wait(docker, root, request["stack"], limits, before).until_healthy(journal)
        except UnhealthyError as problem:
            raise problem.with_log() from problem


def _found(request: ServicesRequest) -> dict[str, dict[str, Any]]:
    """Return the requested containers in the requested order; all containers if none is named."""
    containers = of_stack(Docker().containers({"kit.stack": request["stack"]}), request["stack"])
    names = request.get("services") or list(containers)
    missing = [name for name in names if name not in containers]
    if missing:
        raise AgentError(f"there is no container of {', '.join(missing)} on this host", f"`{Line('apply')}` makes it")
    return {name: containers[name] for name in names}


def stopped_services(root: Path) -> list[str]:
    """Return the services that a person stopped."""
    return list((read_json(root / "run" / "stopped.json") or {}).get("services", []))


def forget_stopped(root: Path, names: list[str]) -> None:
    """Forget that these services were stopped, because they are started now."""
    before = stopped_services(root)
    after = [name for name in before if name not in names]
    if after != before:
        _write(root, after)


def _write(root: Path, names: list[str]) -> None:
    write_json(root / "run" / "stopped.json", {"format": 1, "services": names})
