"""The agent's request of a step, made when its phase begins. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from deploy.apply.docker import FLOORS
from deploy.apply.phases import Step
from deploy.apply.prepare import Prepared
from deploy.apply.requests import (
    base_request,
    collect_request,
    images_request,
    models_request,
    place_request,
    room_request,
    secrets_request,
    sync_request,
)
from deploy.decide.desired import Share
from deploy.deployment.service import Service
from deploy.plan import Plan
from deploy.plan.published import late_settings

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, Copy, DataItem, DockerRequest, LateRequest
    from deploy.agent.contract.releases import Service as ServiceRequest

Request = Mapping[str, Any]
"""The request of any verb."""


def request_of(step: Step, desired: Share, prepared: Prepared, run: str) -> Request:
    """Return the request of a step that the agent carries out."""
    deployment, plan, observation = desired.deployment, prepared.plan, prepared.observation
    base = base_request(deployment, run)
    docker: DockerRequest = {**base, "floors": FLOORS}
    late: LateRequest = {**base, "settings": late_settings(deployment, observation)}
    made: dict[str, Callable[[], Request]] = {
        "docker": lambda: docker,
        "late": lambda: late,
        "secrets": lambda: secrets_request(deployment, run, prepared.given, plan.settled),
        "image": lambda: images_request(deployment, desired.image_requests(), run),
        "file": lambda: _file_request(models_request(deployment, run, sends=True), step.kind),
        "models": lambda: _fetched_request(models_request(deployment, run)),
        "place": lambda: place_request(deployment, desired.bundle, run),
        "converge": lambda: _converge_request(desired, plan, run),
        "upload": lambda: sync_request(deployment, step.kind, run, sends=True),
        "sync": lambda: sync_request(deployment, step.kind, run),
        "room": lambda: room_request(deployment, _owner_of_settings(desired, step.kind), run),
        "units": lambda: base,
        "collect": lambda: collect_request(deployment, _kept(desired, prepared), run),
    }
    return made[step.word]()


def _file_request(whole: Request, name: str) -> Request:
    """Return the request for one model whose file the control node sends."""
    return {**whole, "models": [one for one in whole["models"] if one["name"] == name]}


def _fetched_request(whole: Request) -> Request:
    """Return the request for the models that the host fetches by itself."""
    return {**whole, "models": [one for one in whole["models"] if "file" not in one["source"]]}


def _owner_of_settings(desired: Share, kind: str) -> Service:
    return next(service for service in desired.deployment.services if service.kind == kind and service.room)


def _kept(desired: Share, prepared: Prepared) -> list[str]:
    kept = (prepared.observation.good, prepared.observation.release, desired.bundle.release)
    return [release for release in kept if release]


def _converge_request(desired: Share, plan: Plan, run: str) -> ConvergeRequest:
    actions = plan.actions()
    services: dict[str, ServiceRequest] = {
        service.name: {
            "action": actions.get(service.name, "keep"),
            "image": service.image.reference,
            "health_timeout": service.health_timeout_seconds,
            "copy": _copy_request(service),
            "place": plan.settled.get(service.name),
            "owners": plan.owners.get(service.name, []),
            "data_version": service.data.version if service.data else None,
        }
        for service in desired.deployment.services
    }
    services |= {name: {"action": "remove"} for name, action in actions.items() if action == "remove"}
    return {
        **base_request(desired.deployment, run),
        "release": desired.bundle.release,
        "project": desired.deployment.project,
        "order": [service.name for service in desired.deployment.services],
        "services": services,
    }


def _copy_request(service: Service) -> Copy | None:
    if service.data is None:
        return None
    items: list[DataItem] = [
        {type(item).__name__.removesuffix("File").lower(): item.relpath} for item in service.data.items
    ]
    owner = service.data.owner
    return {
        "service": service.name,
        "host_path": service.data.host_path,
        "uid": owner.uid,
        "gid": owner.gid,
        "items": items,
    }
