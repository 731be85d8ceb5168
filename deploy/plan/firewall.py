"""Rules against packets of other machines to containers' own addresses; newer Dockers drop them by themselves."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.agent.docker.direct import CLOSING
from deploy.agent.docker.versions import is_older
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.docker import docker_work, is_unseen, packages_of
from deploy.plan.operation import Operation
from deploy.words import host_words

RESOURCE = "firewall rules"


def firewall_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the rules that the host lacks, or that its Docker needs no more."""
    seen = observation.network.firewall
    if not deployment.services or is_unseen(observation):
        return
    if not _forwards(deployment, observation):
        if seen.is_placed and observation.docker.server:
            yield Operation(RESOURCE, "remove", f"{_docker(observation)} drops such packets itself", "firewall")
    elif not seen.has_networks:
        yield Operation(RESOURCE, "create", _why(observation), "firewall")
    elif seen.missing:
        cause = f"{_why(observation)}, and nothing drops those to {', '.join(seen.missing)}"
        yield Operation(RESOURCE, "change" if seen.is_placed else "create", cause, "firewall")
    elif seen.at_boot == "differs":
        yield Operation(RESOURCE, "change", "the next boot would not place them as they are", "firewall")


def firewall_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the reason why the host cannot have the rules that its Docker needs."""
    seen = observation.network.firewall
    if seen.problem and deployment.services and observation.root:
        problem = f"{_why(observation)}, and no rule against it can be placed: {seen.problem}"
        yield problem, f"{seen.next}, or upgrade Docker to {CLOSING} or newer, which needs none"


def firewall_advice(observation: Observation) -> Iterator[str]:
    """Yield the limit of rules on a host without a scheduler."""
    if observation.network.firewall.at_boot == "never":
        host = host_words(observation.host)
        yield f"the firewall rules last until {host} boots: it has neither systemd nor cron to place them again"


def _forwards(deployment: Deployment, observation: Observation) -> bool:
    docker = observation.docker
    if docker.server:
        return docker.forwards
    if docker_work(deployment, observation).installs_docker:
        packages = packages_of(observation)
        return packages is not None and packages.forwards
    return docker.version is not None and is_older(docker.version, CLOSING)


def _why(observation: Observation) -> str:
    return f"{_docker(observation)} lets other machines reach containers' own addresses"


def _docker(observation: Observation) -> str:
    version = observation.docker.version if observation.docker.server else None
    return f"Docker {version.partition('+')[0]}" if version else f"Docker before {CLOSING}"
