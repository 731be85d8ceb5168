"""Changes to a host: ordered operations, each with its cause in words. Pure, no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from deploy.deployment.bundle import Bundle
from deploy.deployment.data_choices import Choices
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.backups import backup_operations
from deploy.plan.devices import lost_cards
from deploy.plan.docker import docker_operations
from deploy.plan.firewall import firewall_operations
from deploy.plan.host import input_operations, placed_operations
from deploy.plan.jobs import job_operations
from deploy.plan.models import model_operations
from deploy.plan.operation import Operation, Plan
from deploy.plan.owners import handed_over
from deploy.plan.place_questions import Chosen, chosen_of, questions_of
from deploy.plan.places import as_moved, place_operations, place_refusals
from deploy.plan.preflight import advice, doubts, refusals
from deploy.plan.published import late_operations
from deploy.plan.services import service_operations
from deploy.plan.settings import settings_operations
from deploy.plan.sources import Files
from deploy.plan.toolkit import toolkit_operations

__all__ = ["Operation", "Plan", "make_plan"]


NO_FILES = Files()
OF_A_RUNNING_SERVICE = ("release", "sync", "settings")
"""Steps whose operations on a service need its container."""


def make_plan(
    deployment: Deployment,
    bundle: Bundle,
    observation: Observation,
    choices: Choices | None = None,
    files: Files = NO_FILES,
    received: Mapping[str, str] | None = None,
) -> Plan:
    """Compare the wanted state with the observation of a host; the same input gives the same plan.

    Args:
        deployment: What the host shall run.
        bundle: Its rendered files.
        observation: The host as it is.
        choices: Answers about user data whose place changed.
        files: Files of the control node, as far as they were read.
        received: Missing images that another host gives, each with that host.
    """
    questions = questions_of(deployment, observation)
    chosen = chosen_of(questions, choices or {})
    left = lost_cards(deployment, observation)
    changes = (
        change
        for change in _operations(deployment, bundle, observation, chosen, received or {})
        if change.service not in left or change.step not in OF_A_RUNNING_SERVICE
    )
    operations = () if observation.docker.is_denied else tuple(changes)
    return Plan(
        host=observation.host,
        stack=deployment.stack,
        release=bundle.release,
        operations=operations,
        refusals=(*place_refusals(questions, choices or {}), *refusals(deployment, observation, operations, files)),
        advice=advice(deployment, observation),
        questions=tuple(question.as_json() for question in questions if question.place.service not in chosen),
        settled={name: answer.request() for name, answer in chosen.items()},
        owners=handed_over(deployment, observation),
        left=tuple(left),
        doubts=doubts(deployment, observation),
    )


def _operations(
    deployment: Deployment,
    bundle: Bundle,
    observation: Observation,
    chosen: dict[str, Chosen],
    received: Mapping[str, str],
) -> Iterator[Operation]:
    yield from docker_operations(deployment, observation)
    yield from toolkit_operations(deployment, observation)
    yield from backup_operations(deployment, observation)
    yield from input_operations(deployment, observation, received)
    yield from placed_operations(bundle, observation)
    yield from place_operations(chosen)
    yield from late_operations(deployment, observation)
    yield from firewall_operations(deployment, observation)
    yield from service_operations(deployment, bundle, observation, chosen)
    yield from model_operations(deployment, as_moved(observation, chosen))
    yield from settings_operations(deployment, observation)
    yield from job_operations(bundle, observation)
