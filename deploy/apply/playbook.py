"""A plan as one playbook run: the steps it needs, their variables, and the agent's requests. Pure."""

from __future__ import annotations

from typing import Any

from deploy import assets
from deploy.apply.ansible import HostRun, PlaybookRun
from deploy.apply.debian import debian_variables
from deploy.apply.engine import FLOORS, engine_variables
from deploy.apply.references import Given
from deploy.apply.requests import (
    Request,
    base_request,
    collect_request,
    folders_of,
    images_request,
    models_request,
    place_request,
    room_request,
    secrets_request,
    sync_request,
)
from deploy.apply.steps import Step, ordered_steps
from deploy.apply.tools import UNPACKING, image_tools_variables, packages_for
from deploy.decide.desired import Desired
from deploy.deployment.host import Deployment
from deploy.deployment.service import Service
from deploy.hosts.observe import Observation
from deploy.plan import Plan
from deploy.plan.published import ROLE, late_settings

LOCALHOST_PYTHON = "/usr/bin/python3"


def playbook_run(
    desired: Desired,
    plan: Plan,
    observation: Observation,
    agent: str,
    run: str,
    full: bool = False,
    given: Given | None = None,
) -> PlaybookRun:
    """Return the playbook run of a plan; `full` asks for every step, also those that have nothing to do."""
    steps = steps_of(desired.deployment, plan) | (all_steps(desired.deployment, observation) if full else set())
    host = HostRun(
        name="localhost",
        connection="local",
        become=False,
        python=LOCALHOST_PYTHON,
        agent=agent,
        steps=ordered_steps(steps),
        variables=_variables(desired.deployment, plan, observation, steps),
        requests=_requests(desired, plan, observation, run, given or Given()),
        connection_variables={},
    )
    return PlaybookRun(hosts=(host,), playbook=assets.playbooks_dir() / "site.yml", roles=assets.roles_dir())


def steps_of(deployment: Deployment, plan: Plan) -> set[Step]:
    """Return the steps that a plan's operations need."""
    steps = {Step(operation.role, operation.part) for operation in plan.operations}
    if any(operation.role == "release" for operation in plan.operations):
        steps |= {Step("release"), Step("release", "converge"), Step("release", "collect")}
        # A new container or a new secret can leave an application with settings that nobody could compare before.
        steps |= {Step(service.kind, "settings") for service in deployment.services if service.room}
        steps |= _syncs(deployment)
    if packages_for(deployment) == UNPACKING and any(step.part in ("models", "sync") for step in steps):
        # No image was assembled here that would have brought what unpacks a model's package.
        steps |= {Step("images")}
    return steps


def _syncs(deployment: Deployment) -> set[Step]:
    return {Step(engine.kind, "sync") for engine in deployment.engines}


def all_steps(deployment: Deployment, observation: Observation) -> set[Step]:
    """Return every step there is for a deployment; the engine's only where it is the kit's own."""
    kinds = {service.kind for service in deployment.services}
    whole = {Step("images"), Step("release"), Step("release", "converge"), *_late(deployment, observation)}
    settings = {Step(service.kind, "settings") for service in deployment.services if service.room}
    models = {Step(deployment.service(model.service).kind, "models") for model in deployment.models}
    engine = {Step("docker_engine")} if observation.docker.kit_installed else set()
    return (
        whole
        | engine
        | {Step(kind) for kind in kinds}
        | models
        | settings
        | _syncs(deployment)
        | {Step("release", "collect")}
    )


def _late(deployment: Deployment, observation: Observation) -> set[Step]:
    return {Step(ROLE)} if late_settings(deployment, observation) else set()


def _variables(deployment: Deployment, plan: Plan, observation: Observation, steps: set[Step]) -> dict[str, Any]:
    fetch = deployment.fetch
    engine = engine_variables(observation, fetch) if Step("docker_engine") in steps else {}
    folders = {
        f"{kind}_folders": folders_of(deployment, kind, plan.owners) for kind in {s.kind for s in deployment.services}
    }
    packages = debian_variables(observation.os, fetch)
    return {**engine, **packages, **image_tools_variables(fetch, packages_for(deployment)), **folders}


def _requests(desired: Desired, plan: Plan, observation: Observation, run: str, given: Given) -> dict[str, Request]:
    deployment, folder = desired.deployment, desired.path.parent
    kept = [release for release in (observation.good, observation.release, desired.bundle.release) if release]
    return {
        "docker": base_request(deployment, run) | {"floors": FLOORS},
        "late": base_request(deployment, run) | {"settings": late_settings(deployment, observation)},
        "place": place_request(deployment, desired.bundle, run),
        "secrets": secrets_request(deployment, run, given, plan.settled),
        "image": images_request(deployment, desired.image_requests(), run),
        "converge": _converge_request(desired, plan, run),
        "collect": collect_request(deployment, kept, run),
        "models": models_request(deployment, run, folder),
        **{f"sync_{engine.kind}": sync_request(deployment, engine.kind, run, folder) for engine in deployment.engines},
        **{f"room_{s.kind}": room_request(deployment, s, run) for s in deployment.services if s.room},
    }


def _converge_request(desired: Desired, plan: Plan, run: str) -> Request:
    actions = plan.actions()
    services: dict[str, Request] = {
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
    return base_request(desired.deployment, run) | {
        "release": desired.bundle.release,
        "project": desired.deployment.project,
        "order": [service.name for service in desired.deployment.services],
        "services": services,
    }


def _copy_request(service: Service) -> Request | None:
    if service.data is None:
        return None
    items = [{type(item).__name__.removesuffix("File").lower(): item.relpath} for item in service.data.items]
    owner = service.data.owner
    return {
        "service": service.name,
        "host_path": service.data.host_path,
        "uid": owner.uid,
        "gid": owner.gid,
        "items": items,
    }
