"""Variables of the role docker_engine: the plan's decisions in the words of the role."""

from __future__ import annotations

import json
from typing import TypedDict

from deploy.agent.docker.versions import is_older
from deploy.apply.roles.debian import lent_sources, own_sources
from deploy.deployment.host import Deployment
from deploy.hosts.observation.observe import Observation
from deploy.plan.distributions import DockerPackages
from deploy.plan.docker import DockerWork, docker_work, packages_of
from deploy.stack import INSTALLED_DOCKER

LOG = "/var/log/dockerd.log"
PID_FILE = "/var/run/docker.pid"
"""File into which the engine of the host itself writes its process number."""
VALIDATING = "23.0"
"""The first Docker that can check a daemon.json without starting."""
NOTHING = DockerPackages((), ())


class DockerVariables(TypedDict):
    """Variables of the role docker_engine."""

    docker_engine_packages: list[str]
    docker_engine_mark: str
    docker_engine_marker: str
    docker_engine_daemon_json: str
    docker_engine_daemon_json_mode: str
    docker_engine_validate: str
    docker_engine_starts: bool
    docker_engine_reloads: bool
    docker_engine_systemd: bool
    docker_engine_pid_file: str
    docker_engine_log: str
    docker_engine_last_words: list[str]
    docker_engine_plugins: list[str]
    docker_engine_plugins_lent: bool
    docker_engine_plugins_sources: list[str]


def docker_variables(deployment: Deployment, observation: Observation) -> DockerVariables:
    """Return the role's variables; an empty value leaves that part of the host as it is."""
    work, packages = docker_work(deployment, observation), packages_of(observation) or NOTHING
    own = _packages(packages, observation) if work.installs_docker else ()
    plugins = packages.plugins if work.installs_plugins else ()
    mark = json.dumps({"format": 1, "packages": [*own, *plugins]}) + "\n" if own else ""
    lent = lent_sources(work.mirror, packages.lender) if work.mirror and packages.lender else []
    return {
        "docker_engine_packages": list(own),
        "docker_engine_mark": mark,
        "docker_engine_marker": str(INSTALLED_DOCKER),
        "docker_engine_daemon_json": _text(work),
        "docker_engine_daemon_json_mode": "0644" if observation.daemon_json is None else "",
        "docker_engine_validate": _validation(observation),
        "docker_engine_starts": work.starts or work.is_own,
        "docker_engine_reloads": work.reloads,
        "docker_engine_systemd": observation.systemd,
        "docker_engine_pid_file": PID_FILE,
        "docker_engine_log": LOG,
        "docker_engine_last_words": _last_words(observation),
        "docker_engine_plugins": list(plugins),
        "docker_engine_plugins_lent": bool(lent),
        "docker_engine_plugins_sources": lent or own_sources(observation.os, deployment.fetch),
    }


def _packages(packages: DockerPackages, observation: Observation) -> tuple[str, ...]:
    return packages.docker if observation.systemd else tuple(sorted((*packages.docker, "cgroupfs-mount")))


def _text(work: DockerWork) -> str:
    return "" if work.settings is None else json.dumps(work.settings, indent=4, ensure_ascii=False) + "\n"


def validator(observation: Observation) -> str:
    """Return the program that checks a daemon.json without starting; empty if the host has none."""
    program, version = observation.docker.engine_path, observation.docker.version
    return "" if program is None or version is None or is_older(version, VALIDATING) else program


def _validation(observation: Observation) -> str:
    """Return the command that checks a new daemon.json before it is put in place."""
    program = validator(observation)
    return f"{program} --validate --config-file=%s" if program else ""


def _last_words(observation: Observation) -> list[str]:
    if observation.systemd:
        return ["journalctl", "-u", "docker", "-n", "20", "--no-pager"]
    return ["tail", "-n", "20", LOG]
