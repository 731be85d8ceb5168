"""Decisions about a host's Docker: the plan prints them, and the role docker_engine executes them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from deploy.agent.docker.defaults import opening_options
from deploy.agent.docker.versions import is_older
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.hosts.observation.seen import Docker
from deploy.plan.distributions import PACKAGES, DockerPackages, known_releases
from deploy.plan.operation import Operation

DOCKER_FLOOR = "20.10.24"
COMPOSE_FLOOR = "2.26.1"
UNSEEN = "cannot be seen while Docker is down"
DAEMON_JSON = "/etc/docker/daemon.json"
SETTINGS: dict[str, Any] = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
}
"""Keys of daemon.json for the kit's own Docker; all other keys are the owner's and stay."""

DAEMON_WIDE = (
    (
        "name=seccomp,profile=unconfined",
        "Docker keeps no system call from any container: its seccomp profile is `unconfined`",
        "seccomp-profile",
    ),
    (
        "name=userns",
        "Docker maps the users of containers to other users of the host, so no folder of the stack would be theirs",
        "userns-remap",
    ),
)
"""Options of the whole Docker that a container's own settings do not override, by Docker's names."""


@dataclass(frozen=True)
class DockerWork:
    """Decisions about a host's Docker; empty if it works and belongs to somebody else."""

    is_own: bool = False
    """True if the kit installed Docker, or will do so."""
    installs_docker: bool = False
    installs_plugins: bool = False
    starts: bool = False
    settings: dict[str, Any] | None = None
    """Complete content of daemon.json; None leaves it as it is."""
    reloads: bool = False
    """True if a running Docker has to read its daemon.json again."""
    mirror: str | None = None
    """Debian mirror with Docker's plugins, for a release without them; None if they are there."""


def docker_work(deployment: Deployment, observation: Observation) -> DockerWork:
    """Decide by the host's observation; a Docker that nobody may inspect is left alone."""
    docker = observation.docker
    if docker.is_denied:
        return DockerWork()
    installs = not docker.server and docker.engine_path is None
    is_own = installs or docker.kit_installed
    before = observation.daemon_json or {}
    settings = merged(before, SETTINGS)
    return DockerWork(
        is_own=is_own,
        installs_docker=installs,
        installs_plugins=not docker.compose,
        starts=not docker.server,
        settings=settings if is_own and settings != before and not docker.daemon_json_problem else None,
        reloads=is_own and docker.server and (settings != before or not docker.live_restore),
        mirror=(deployment.fetch.debian or observation.os.debian_mirror) if not docker.compose else None,
    )


def is_unseen(observation: Observation) -> bool:
    """Return True if the stack's containers are unknown because Docker is down."""
    return observation.release is not None and not observation.docker.server


def merged(before: dict[str, Any], wanted: dict[str, Any]) -> dict[str, Any]:
    """Return the mapping with the wanted keys laid over it; nested mappings are merged in the same way."""
    result = dict(before)
    for key, value in wanted.items():
        known = before.get(key)
        result[key] = merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return result


def docker_operations(deployment: Deployment, observation: Observation) -> Iterator[Operation]:
    """Yield the operations on Docker itself; a working Docker is left alone."""
    work, client = docker_work(deployment, observation), observation.docker.client_path
    if work.installs_docker:
        cause = f"not on host, {client} is only a client" if client else "not on host"
        yield Operation("docker engine", "install", cause, "docker_engine")
    elif work.starts:
        yield Operation("docker engine", "start", "installed, not running", "docker_engine")
    if work.installs_plugins:
        cause = f"{client} has no such plugin" if client else "not on host"
        yield Operation("docker compose", "install", cause, "docker_engine")
    if work.settings is not None and not work.installs_docker:
        differences = ", ".join(_differences(observation.daemon_json or {}, SETTINGS))
        yield Operation("docker settings", "change", f"in daemon.json {differences}", "docker_engine")
    elif work.reloads:
        yield Operation("docker settings", "change", "Docker has not loaded its daemon.json", "docker_engine")


def _differences(before: dict[str, Any], wanted: dict[str, Any], above: str = "") -> Iterator[str]:
    for key, value in wanted.items():
        known = before.get(key)
        if isinstance(known, dict) and isinstance(value, dict):
            yield from _differences(known, value, f"{above}{key}.")
        elif known is None:
            yield f"{above}{key} is missing"
        elif known != value:
            yield f"{above}{key} is {json.dumps(known)}"


def packages_of(observation: Observation) -> DockerPackages | None:
    """Return the packages of the host's release; None if the kit does not know it."""
    return PACKAGES.get((observation.os.id, observation.os.codename))


def docker_refusals(deployment: Deployment, observation: Observation) -> Iterator[tuple[str, str]]:
    """Yield the problem and the next step of each fault of Docker that a person has to mend first."""
    docker, work = observation.docker, docker_work(deployment, observation)
    if docker.daemon_json_problem and (work.is_own or work.starts):
        yield (
            f"{DAEMON_JSON}, {docker.daemon_json_problem}",
            "correct it: Docker does not start with it; then run the same command again",
        )
    for name, have, need in (
        ("Docker", docker.version, DOCKER_FLOOR),
        ("Docker Compose", docker.compose, COMPOSE_FLOOR),
    ):
        if have and not work.installs_docker and is_older(have, need):
            yield (
                f"{name} {have} is too old; the kit needs {need} or newer",
                "upgrade it with the tool that installed it, or remove Docker and let the kit install one",
            )
    yield from _open_daemon(docker)
    yield from _open_networks(observation.daemon_json or {})
    if work.installs_docker or work.installs_plugins:
        yield from _missing_packages(observation, work)


def _open_daemon(docker: Docker) -> Iterator[tuple[str, str]]:
    """Yield the settings of this Docker that no container could have as its release says."""
    if docker.missing_limits:
        missing = " and ".join(docker.missing_limits)
        cure = "enable it (for memory: `cgroup_enable=memory` on the kernel's command line), reboot, try again"
        yield f"this kernel limits no container's {missing}: Docker ignores the limits", cure
    for option, problem, key in DAEMON_WIDE:
        if option in docker.security:
            yield problem, f"take `{key}` out of {DAEMON_JSON} or of dockerd's command line, and restart Docker"
    if "name=rootless" in docker.security:
        problem = "this Docker runs without root: its containers' users are others on the host, and own no folder"
        yield problem, "use the Docker of root's, at /var/run/docker.sock"


def _open_networks(settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the settings of daemon.json for every new network that no release asks for."""
    defaults = settings.get("default-network-opts")
    bridge = defaults.get("bridge") if isinstance(defaults, dict) else None
    opening = opening_options(bridge) if isinstance(bridge, dict) else []
    if opening:
        yield (
            f"{DAEMON_JSON} gives every network {', '.join(opening)}, which may open the stack's",
            "take it out of `default-network-opts`, restart Docker, and run the same command again",
        )


def _missing_packages(observation: Observation, work: DockerWork) -> Iterator[tuple[str, str]]:
    packages, system = packages_of(observation), observation.os
    if packages is None:
        release = f"{system.id or 'an unknown system'} {system.codename or system.version}".rstrip()
        needed = f"Docker {DOCKER_FLOOR} or newer with Compose {COMPOSE_FLOOR} or newer"
        yield (
            f"the kit knows no packages of Docker for {release}; it installs them on {known_releases()}",
            f"install {needed}, then run the same command again",
        )
    elif work.installs_plugins and packages.lender and work.mirror is None:
        yield (
            f"{system.codename} has no Compose, and this host's apt sources name no Debian mirror to take it from",
            "say one in kit.yaml: mirrors: {debian: https://...}",
        )
