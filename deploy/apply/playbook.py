"""Phases of roles as one playbook run: what each host gets, and the roles' variables. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from deploy import assets
from deploy.apply.ansible import HostRun, PlaybookRun
from deploy.apply.debian import debian_variables
from deploy.apply.docker import docker_variables
from deploy.apply.phases import Phase, Step
from deploy.apply.prepare import Prepared
from deploy.apply.requests import folders_of
from deploy.apply.tools import image_tools_variables, packages_for
from deploy.decide.desired import Share
from deploy.hosts.transport import Transport

LOCALHOST_PYTHON = "/usr/bin/python3"


def playbook_run(phases: Collection[Phase], desired: Share, prepared: Prepared, transport: Transport) -> PlaybookRun:
    """Return the playbook run of neighbouring phases."""
    steps = {phase.name: phase.steps[desired.host] for phase in phases}
    host = HostRun(
        name=desired.host,
        connection=transport.connection,
        python=LOCALHOST_PYTHON,
        agent=transport.agent_path,
        steps=steps,
        variables=_variables({step for some in steps.values() for step in some}, desired, prepared),
    )
    return PlaybookRun(hosts=(host,), playbook=assets.playbooks_dir() / "site.yml", roles=assets.roles_dir())


def _variables(steps: set[Step], desired: Share, prepared: Prepared) -> dict[str, Any]:
    deployment, observation = desired.deployment, prepared.observation
    fetch = deployment.fetch
    engine = docker_variables(deployment, observation) if Step("docker_engine") in steps else {}
    return {
        **engine,
        **debian_variables(observation.os, fetch),
        **image_tools_variables(fetch, packages_for(deployment)),
        "folders_wanted": folders_of(deployment, prepared.plan.owners),
    }
