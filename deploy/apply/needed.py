"""The steps that a plan needs on a host. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from deploy.agent.contract.verbs import (
    COLLECT,
    CONVERGE,
    DOCKER,
    IMAGE,
    LATE,
    MODELS,
    PLACE,
    ROOM,
    SECRETS,
    SYNC,
    UNITS,
)
from deploy.apply.phases import FileStep, RoleStep, Step, UploadStep, VerbStep
from deploy.apply.requests.inputs import is_sent
from deploy.apply.tools import UNPACKING, packages_for
from deploy.deployment.engines import Engine, ModelFile
from deploy.deployment.host import Deployment
from deploy.hosts.observe import Observation
from deploy.plan import Operation, Plan
from deploy.plan.models import seen_of
from deploy.plan.operation import StepName
from deploy.plan.published import late_settings

_DOCKER = (RoleStep("docker_engine"), VerbStep(DOCKER))
_IMAGES = (RoleStep("images"), VerbStep(IMAGE))
_RELEASE = (VerbStep(SECRETS), VerbStep(PLACE), VerbStep(CONVERGE), VerbStep(COLLECT))
_OF_OPERATIONS: Mapping[StepName, tuple[Step, ...]] = {
    "docker_engine": _DOCKER,
    "addresses": (VerbStep(LATE),),
    "folders": (RoleStep("folders"),),
    "images": _IMAGES,
    "release": _RELEASE,
    "jobs": (VerbStep(UNITS),),
}


def steps_of(deployment: Deployment, observation: Observation, plan: Plan, *, full: bool = False) -> set[Step]:
    """Return the steps that a plan's operations need, or every step there is."""
    engines = [engine for engine in deployment.engines if full or _may_lack(engine, observation, plan)]
    fed = {engine.kind for engine in engines if _has_files(engine)}
    steps = {step for operation in plan.operations for step in _steps_of(deployment, operation, fed)}
    if steps.intersection(_RELEASE):
        # A new container or a new secret can leave an application with settings that nobody could compare before.
        steps |= {*_settings(deployment), *_syncs(deployment, fed)}
    if packages_for(deployment) == UNPACKING and any(step.key in (MODELS, SYNC, "upload") for step in steps):
        # No image was assembled here that would have brought what unpacks a model's package.
        steps |= {RoleStep("images")}
    return steps | _all_steps(deployment, observation, fed) if full else steps


def _all_steps(deployment: Deployment, observation: Observation, fed: Collection[str]) -> set[Step]:
    """Return every step that a deployment can have; Docker's only if the kit installed it."""
    return {
        *(_DOCKER if observation.docker.kit_installed else ()),
        *((VerbStep(LATE),) if late_settings(deployment, observation) else ()),
        RoleStep("folders"),
        *_IMAGES,
        *(_model(model) for model in deployment.models),
        *_RELEASE,
        *_syncs(deployment, fed),
        *_settings(deployment),
        *((VerbStep(UNITS),) if deployment.jobs else ()),
    }


def _steps_of(deployment: Deployment, operation: Operation, fed: Collection[str]) -> Iterator[Step]:
    if operation.step == "sync":
        yield from _syncs(deployment, fed, operation.service)
    elif operation.step == "settings":
        yield VerbStep(ROOM, deployment.service(operation.service).kind)
    elif operation.step == "models":
        yield from (_model(model) for model in deployment.models if model.service == operation.service)
    else:
        yield from _OF_OPERATIONS[operation.step]


def _model(model: ModelFile) -> Step:
    """Return the step that brings a model: its file is sent, or the host fetches it by itself."""
    return FileStep(model.name) if is_sent(model) else VerbStep(MODELS)


def _syncs(deployment: Deployment, fed: Collection[str], name: str = "") -> Iterator[Step]:
    """Yield a step for each kind of engine, or for the kind of one engine alone.

    Args:
        deployment: The host's deployment.
        fed: The kinds whose engines get files of the control node: their sync is a stream.
        name: Name of the one engine; empty for all.
    """
    for engine in deployment.engines:
        if name in ("", engine.name):
            yield UploadStep(engine.kind) if engine.kind in fed else VerbStep(SYNC, engine.kind)


def _has_files(engine: Engine) -> bool:
    """Return True if the control node has files of an engine's models."""
    return any(is_sent(blob) for model in engine.models for blob in model.blobs)


def _may_lack(engine: Engine, observation: Observation, plan: Plan) -> bool:
    """Return True if an engine's models change, or nobody knows which it has."""
    is_changed = any(each.step == "sync" and each.service == engine.name for each in plan.operations)
    return is_changed or not seen_of(engine, observation).is_told


def _settings(deployment: Deployment) -> Iterator[Step]:
    yield from (VerbStep(ROOM, service.kind) for service in deployment.services if service.room)
