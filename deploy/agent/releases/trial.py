"""Tries new images beside the containers that run, so that one that never gets healthy silences no service.

Only services are tried that the control node names: those without any folder or device of the host. Two containers of
them share no data, and load no model twice into memory or onto a card.
"""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent import memory
from deploy.agent.contract.trials import trial_of
from deploy.agent.docker.api import Docker
from deploy.agent.docker.checks import health_now
from deploy.agent.docker.containers import of_stack, with_trials
from deploy.agent.docker.health import HEALTH_SECONDS, Before, Wait
from deploy.agent.errors import AgentError, told
from deploy.agent.interrupts import shielded
from deploy.agent.journal import Journal
from deploy.agent.releases.failed import keep_log
from deploy.agent.releases.starting import start_beside

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, Service
    from deploy.agent.contract.trials import Trial

MIB = 2**20


class TrialError(AgentError):
    """A new image failed; nothing that ran was changed."""

    def __init__(self, service: str, failure: AgentError, log: Path | None) -> None:
        super().__init__(failure.problem, failure.next_step, **{**failure.details, "service": service})
        self.service = service
        self.log = log
        """File with its last lines."""


def try_images(
    docker: Docker, root: Path, request: ConvergeRequest, services: dict[str, Service], journal: Journal
) -> None:
    """Try the new image of each service that answers now; raise TrialError for the first that does not get healthy."""
    for name, service in services.items():
        trial = service.get("trial")
        if trial is None:
            continue
        try:
            if _gets_another_image(docker, request["stack"], name, service) and _has_memory(name, trial, journal):
                journal.say(f"trying the new {name} beside the running one")
                _try(docker, root, request, name, service, journal)
        except TrialError:
            raise
        except (AgentError, OSError) as failure:
            raise TrialError(name, told(failure), None) from failure


def _has_memory(name: str, trial: Trial, journal: Journal) -> bool:
    free = memory.available_bytes()
    if free >= trial["memory_bytes"]:
        return True
    needed = f"it may take {trial['memory_bytes'] // MIB} MiB of memory, and {free // MIB} MiB are free"
    journal.say(f"the new {name} is not tried beside the running one: {needed}")
    return False


def _gets_another_image(docker: Docker, stack: str, name: str, service: Service) -> bool:
    """True if a service answers now, and its container is about to be replaced by one of another image."""
    container = of_stack(docker.containers({"kit.stack": stack}), stack).get(name)
    wanted = docker.image(service["image"])
    if container is None or wanted is None or container["ImageID"] == wanted["Id"]:
        return False
    inspected = docker.container(container["Id"])
    is_running = inspected is not None and inspected["State"]["Status"] == "running"
    return inspected is not None and is_running and health_now(docker, inspected) in (None, "healthy")


def _try(docker: Docker, root: Path, request: ConvergeRequest, name: str, service: Service, journal: Journal) -> None:
    stack, limit = request["stack"], float(service.get("health_timeout") or HEALTH_SECONDS)
    before = Before(time.time(), {})
    # A killed run leaves its trial.
    _remove(docker, stack, name)
    try:
        start_beside(docker, root, request, name, journal)
        Wait(docker, root, stack, {trial_of(name): limit}, before).until_healthy(journal)
    except (AgentError, OSError) as failure:
        raise TrialError(name, told(failure), keep_log(docker, root, stack, trial_of(name))) from failure
    finally:
        # A container that stays hides no failure and stops no apply: the next plan removes it.
        with shielded(), suppress(AgentError, OSError):
            _remove(docker, stack, name)


def _remove(docker: Docker, stack: str, name: str) -> None:
    container = with_trials(docker.containers({"kit.stack": stack}), stack).get(trial_of(name))
    if container is not None:
        docker.remove_whole(container["Id"])
