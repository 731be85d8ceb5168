"""The lab of the roles: three kinds of hosts, converged together by one playbook run."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from deploy.apply.phases.phase import RoleStep, Step, VerbStep
from deploy.apply.roles.ansible import Content, HostRun, PlaybookRun, run_playbook
from deploy.apply.roles.debian import debian_variables
from deploy.apply.roles.docker import docker_variables
from deploy.apply.roles.process import PlaybookResult
from deploy.apply.roles.toolkit import toolkit_variables
from deploy.deployment.fetch import Fetch
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation, read_observation
from deploy.hosts.wire.agent_zip import agent_zip
from deploy.plan.docker import COMPOSE_FLOOR, DOCKER_FLOOR
from tests.e2e.lab.host import LabHost
from tests.tree import REPOSITORY

Lab = Mapping[str, LabHost]
ENGINE = (RoleStep("docker_engine"), VerbStep("docker"))
AGENT = "/root/agent.pyz"
BASE = {"format": 1, "stack": "lab", "root": "/opt/kit/lab", "run": ""}


def converge(
    hosts: Lab,
    *steps: Step,
    agent: str = AGENT,
    requests: Mapping[str, Any] | None = None,
    fetch: Fetch = Fetch(),  # noqa: B008
    deployment: Deployment | None = None,
    **overrides: Any,
) -> PlaybookResult:
    """Run the steps on the hosts, over SSH, with the variables that the control node computes from what they say."""
    runs = tuple(
        HostRun(
            name=name,
            steps={"os": steps},
            agent=agent,
            connection={"ansible_connection": "ssh", **host.connection_variables},
        )
        for name, host in hosts.items()
    )
    playbook = REPOSITORY / "deploy" / "playbooks" / "site.yml"
    asked = {"docker": {**BASE, "floors": {"engine": DOCKER_FLOOR, "compose": COMPOSE_FLOOR}}, **(requests or {})}
    playbook_run = PlaybookRun(runs, playbook, REPOSITORY / "roles")
    variables = {name: variables_of(host, fetch, deployment) | overrides for name, host in hosts.items()}
    return run_playbook(playbook_run, Given(asked, variables), print, print)


class Given(Content):
    """The same content for every phase."""

    def __init__(self, requests: Mapping[str, Any], variables: Mapping[str, Any]) -> None:
        self._requests = requests
        self._variables = variables

    def request(self, _host: str, step: VerbStep) -> Mapping[str, object]:
        request: Mapping[str, object] = self._requests[step.verb]
        return request

    def variables(self, host: str, _step: RoleStep) -> Mapping[str, object]:
        variables: Mapping[str, object] = self._variables[host]
        return variables


def variables_of(host: LabHost, fetch: Fetch, deployment: Deployment | None = None) -> dict[str, Any]:
    """Return the variables of the roles that every host has."""
    observation = observed(host)
    wanted = deployment or Deployment("home", (), (), fetch=fetch)
    docker, toolkit = docker_variables(wanted, observation), toolkit_variables(wanted, observation)
    return {**docker, **toolkit, **debian_variables(observation.os, fetch)}


def observed(host: LabHost) -> Observation:
    """Probe a host with today's agent."""
    put(host, AGENT, agent_zip().content)
    argv = ["docker", "exec", "-i", host.name, "python3", AGENT, "probe"]
    answer = subprocess.run(argv, input=json.dumps(BASE).encode(), check=True, capture_output=True)
    return read_observation(json.loads(answer.stdout))


@contextmanager
def held(host: LabHost, request: dict[str, Any]) -> Iterator[None]:
    """Keep the agent's hold on a lab host: closing its standard input lets go."""
    observed(host)
    argv = ["docker", "exec", "-i", host.name, "python3", AGENT, "hold"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as agent:
        assert agent.stdin is not None
        assert agent.stdout is not None
        agent.stdin.write(json.dumps(request).encode() + b"\n")
        agent.stdin.flush()
        assert b"held" in agent.stdout.readline()
        yield
        agent.stdin.close()
        agent.stdout.read()


def ask(host: LabHost, verb: str, request: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """Run a verb of the agent on a host; return its exit status and its answer."""
    argv = ["docker", "exec", "-i", host.name, "python3", AGENT, verb]
    done = subprocess.run(argv, input=json.dumps(request).encode(), capture_output=True, check=False)
    answer: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, answer


def put(host: LabHost, path: str, content: bytes | str) -> None:
    """Write a file on a host."""
    data = content.encode() if isinstance(content, str) else content
    argv = ["docker", "exec", "-i", host.name, "sh", "-c", 'cat >"$1"', "put", path]
    subprocess.run(argv, input=data, check=True, capture_output=True)
