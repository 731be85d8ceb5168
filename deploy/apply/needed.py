"""The steps that a plan needs on a host. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.apply.phases import Step, verb
from deploy.apply.tools import UNPACKING, packages_for
from deploy.deployment.engines import ModelFile
from deploy.deployment.host import Deployment
from deploy.hosts.observe import Observation
from deploy.plan import Operation, Plan
from deploy.plan.operation import StepName
from deploy.plan.published import late_settings

_DOCKER = (Step("docker_engine"), verb("docker"))
_IMAGES = (Step("images"), verb("image"))
_RELEASE = (verb("secrets"), verb("place"), verb("converge"), verb("collect"))
_OF_OPERATIONS: Mapping[StepName, tuple[Step, ...]] = {
    "docker_engine": _DOCKER,
    "addresses": (verb("late"),),
    "folders": (Step("folders"),),
    "images": _IMAGES,
    "release": _RELEASE,
    "jobs": (verb("units"),),
}


def steps_of(deployment: Deployment, plan: Plan) -> set[Step]:
    """Return the steps that a plan's operations need."""
    steps = {step for operation in plan.operations for step in _steps_of(deployment, operation)}
    if steps.intersection(_RELEASE):
        # A new container or a new secret can leave an application with settings that nobody could compare before.
        steps |= {*_settings(deployment), *_syncs(deployment)}
    if packages_for(deployment) == UNPACKING and any(step.word in ("models", "sync") for step in steps):
        # No image was assembled here that would have brought what unpacks a model's package.
        steps |= {Step("images")}
    return steps


def all_steps(deployment: Deployment, observation: Observation) -> set[Step]:
    """Return every step there is for a deployment; the engine's only where it is the kit's own."""
    return {
        *(_DOCKER if observation.docker.kit_installed else ()),
        *((verb("late"),) if late_settings(deployment, observation) else ()),
        Step("folders"),
        *_IMAGES,
        *(_model(model) for model in deployment.models),
        *_RELEASE,
        *_syncs(deployment),
        *_settings(deployment),
        *((verb("units"),) if deployment.jobs else ()),
    }


def _steps_of(deployment: Deployment, operation: Operation) -> Iterator[Step]:
    if operation.step == "sync":
        yield from (step for step in _syncs(deployment, operation.service))
    elif operation.step == "settings":
        yield verb("room", deployment.service(operation.service).kind)
    elif operation.step == "models":
        yield from (_model(model) for model in deployment.models if model.service == operation.service)
    else:
        yield from _OF_OPERATIONS[operation.step]


def _model(model: ModelFile) -> Step:
    """Return the step that brings a model: its file from here, or what the host fetches by itself."""
    return Step("file", "models", model.name) if "file" in model.source else verb("models")


def _syncs(deployment: Deployment, name: str = "") -> Iterator[Step]:
    """Yield a step for each kind of engine, or for the kind of one engine alone."""
    yield from (verb("sync", engine.kind) for engine in deployment.engines if name in ("", engine.name))


def _settings(deployment: Deployment) -> Iterator[Step]:
    yield from (verb("room", service.kind) for service in deployment.services if service.room)
