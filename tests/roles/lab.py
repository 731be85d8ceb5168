"""The lab of the roles: three kinds of hosts, converged together by one playbook run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deploy.apply.ansible import HostRun, PlaybookRun, run_playbook
from deploy.apply.engine import engine_variables
from deploy.apply.process import PlaybookResult
from deploy.apply.steps import Step
from deploy.deployment import Fetch
from tests.e2e.lab.host import LabHost
from tests.tree import REPOSITORY

Lab = Mapping[str, LabHost]
ENGINE = Step("docker_engine")


def converge(
    hosts: Lab, *steps: Step, agent: str = "", requests: Mapping[str, Any] | None = None, **overrides: Any
) -> PlaybookResult:
    """Run the steps on the hosts, over SSH, with the variables that the control node would compute."""
    runs = tuple(
        HostRun(
            name=name,
            steps=steps,
            agent=agent,
            requests=requests or {},
            variables=engine_variables(os_id="debian", codename=host.suite, systemd=host.has_systemd, fetch=Fetch())
            | overrides,
            connection="ssh",
            connection_variables=host.connection_variables,
        )
        for name, host in hosts.items()
    )
    playbook = REPOSITORY / "deploy" / "playbooks" / "site.yml"
    return run_playbook(PlaybookRun(runs, playbook, REPOSITORY / "roles"), print)
