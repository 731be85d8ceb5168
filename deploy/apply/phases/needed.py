"""The steps that a plan needs on a host. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from deploy.agent.contract.verbs import (
    BACK_UP,
    COLLECT,
    CONVERGE,
    DOCKER,
    FIREWALL,
    IMAGE,
    LATE,
    MODELS,
    PLACE,
    ROOM,
    SECRETS,
    SYNC,
    UNITS,
)
from deploy.apply.phases.packages import unpacks_models
from deploy.apply.phases.phase import RoleStep, Step, VerbStep
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan import Operation, Plan
from deploy.plan.nvidia import users_of
from deploy.plan.operation import StepName
from deploy.plan.published import late_settings
from deploy.plan.toolkit import may_change

STARTING = ("create", "start", "recreate")
"""Actions on a service by which its release starts its container."""
_DOCKER = (RoleStep("docker_engine"), VerbStep(DOCKER))
_IMAGES = (RoleStep("images"), VerbStep(IMAGE))
_RELEASE = (VerbStep(SECRETS), VerbStep(PLACE), VerbStep(CONVERGE), VerbStep(COLLECT))
_OF_OPERATIONS: Mapping[StepName, tuple[Step, ...]] = {
    "docker_engine": _DOCKER,
    "gpu_toolkit": (RoleStep("gpu_toolkit"),),
    "addresses": (VerbStep(LATE),),
    "folders": (RoleStep("folders"),),
    "images": _IMAGES,
    "models": (VerbStep(MODELS),),
    "release": _RELEASE,
    "jobs": (VerbStep(UNITS),),
    "firewall": (VerbStep(FIREWALL),),
    "backup": (RoleStep("backup"),),
    "back_up": (VerbStep(BACK_UP),),
}


def steps_of(deployment: Deployment, observation: Observation, plan: Plan, *, full: bool = False) -> set[Step]:
    """Return the steps that a plan's operations need, or all steps."""
    steps = {step for operation in plan.operations for step in _steps_of(deployment, operation)}
    if steps.intersection(_RELEASE):
        # A new container or a new secret can leave an application with settings that nobody could compare before.
        steps |= {*_settings(deployment), *_syncs(deployment, left=plan.left)}
    if _starts_services(plan):
        # Whoever starts a container closes the way to it first.
        steps.discard(VerbStep(FIREWALL))
    steps |= unpacking(deployment, observation, steps)
    return steps | _all_steps(deployment, observation) if full else steps


def _starts_services(plan: Plan) -> bool:
    return any(action in STARTING for name, action in plan.actions().items() if name not in plan.left)


def unpacking(deployment: Deployment, observation: Observation, steps: Set[Step]) -> Set[Step]:
    """Return the step that installs uv, if these steps bring models in packages and the host has no uv.

    A host has one from its own images. It has none if other hosts gave it its images, or if all of them are pulled.
    """
    is_needed = any(step.key in (MODELS, SYNC) for step in steps)
    return {RoleStep("images")} if is_needed and not observation.has_uv and unpacks_models(deployment) else set()


def _all_steps(deployment: Deployment, observation: Observation) -> set[Step]:
    """Return every possible step of a deployment; Docker's only if the kit installed it."""
    return {
        *(_DOCKER if observation.docker.kit_installed else ()),
        *((RoleStep("gpu_toolkit"),) if users_of(deployment) and may_change(deployment, observation) else ()),
        *((VerbStep(LATE),) if late_settings(deployment, observation) else ()),
        RoleStep("folders"),
        *_IMAGES,
        *((VerbStep(MODELS),) if deployment.models else ()),
        *_RELEASE,
        *((VerbStep(FIREWALL),) if observation.docker.forwards else ()),
        *_syncs(deployment),
        *_settings(deployment),
        *((VerbStep(UNITS),) if deployment.jobs else ()),
        *((RoleStep("backup"),) if deployment.backup else ()),
    }


def _steps_of(deployment: Deployment, operation: Operation) -> Iterator[Step]:
    if operation.step == "sync":
        yield from _syncs(deployment, operation.service)
    elif operation.step == "settings":
        yield VerbStep(ROOM, deployment.service(operation.service).kind)
    else:
        yield from _OF_OPERATIONS[operation.step]


def _syncs(deployment: Deployment, name: str = "", left: tuple[str, ...] = ()) -> Iterator[Step]:
    """Yield a step for each kind of engine, or for the kind of one engine; an engine that is left has none."""
    engines = [engine for engine in deployment.engines if engine.name not in left]
    yield from (VerbStep(SYNC, engine.kind) for engine in engines if name in ("", engine.name))


def _settings(deployment: Deployment) -> Iterator[Step]:
    yield from (VerbStep(ROOM, service.kind) for service in deployment.services if service.room)
