"""Words for the steps and tasks of an apply: each names its object."""

from __future__ import annotations

from deploy.apply.phases.phase import Step, VerbStep
from deploy.apply.roles.task_events import TaskEvent
from deploy.components import room_of

TASKS = {
    "CDI has names for the cards": "names of cards for Docker",
    "Docker answers": "Docker's answer",
    "Docker has its mark": "Docker's folder",
    "Docker is started apart from this session": "Docker's start",
    "Docker knows NVIDIA's runtime": "NVIDIA's runtime in Docker",
    "Docker reads its settings": "Docker's restart",
    "Docker runs": "Docker's start",
    "Docker runs and answers": "Docker's start",
    "Docker runs in a session of its own": "Docker's start",
    "Docker runs under systemd": "Docker's start",
    "Docker's last log lines are known": "Docker's log",
    "Docker's packages are there": "Docker's packages",
    "a Docker that kit installs is marked as its own": "Docker's folder",
    "a new Python environment for uv": "uv, which fetches Python packages",
    "daemon.json has the runtime beside the keys of others": "NVIDIA's runtime in Docker",
    "daemon.json holds kit's settings beside those of others": "Docker's settings",
    "daemon.json holds what the plan says": "Docker's settings",
    "daemon.json is written, or its failure reported": "Docker's settings",
    "each folder is there with its owner": "folders",
    "every host is as its plan says": "the host",
    "it is known which packages are there": "a look at Debian packages",
    "it is known which uv is there": "a look at uv",
    "its packages are fetched, checked, kept and installed": "NVIDIA's container toolkit",
    "kit's folder is there": "the kit's folder",
    "missing packages are fetched, checked and installed": "Debian packages",
    "missing packages are installed": "Debian packages",
    "the agent has carried out its verb": "the agent",
    "the failure of Docker's start is reported": "Docker's start",
    "the failure of the installation is reported": "Debian packages",
    "the failure of the runtime is reported": "NVIDIA's runtime in Docker",
    "the failure of the settings is reported": "Docker's settings",
    "the failure of the toolkit is reported": "NVIDIA's container toolkit",
    "the failure of uv is reported": "uv, which fetches Python packages",
    "the folder of daemon.json": "Docker's folder",
    "the packages that assemble images are there": "packages that assemble images",
    "the packages that backups need are there": "packages that backups need",
    "the plugins' packages are there": "Docker's plugins",
    "the roles have their variables": "steps of the plan",
    "the steps that the plan asks for": "steps of the plan",
    "the toolkit is there in the locked version": "NVIDIA's container toolkit",
    "uv is installed with its hashes checked": "uv, which fetches Python packages",
    "uv is installed, or its failure reported": "uv, which fetches Python packages",
    "uv is named by version and hashes": "uv, which fetches Python packages",
    "uv is there": "uv, which fetches Python packages",
}
"""Words by a task's name without its first word."""
STEPS = {
    "back_up": "backup before the image changes",
    "borrow": "secrets of other hosts",
    "collect": "clearing away old releases",
    "converge": "start of the release",
    "docker": "a look at Docker's version",
    "firewall": "rules of the firewall",
    "image": "images",
    "late": "addresses that come late",
    "models": "model files",
    "place": "the release's files",
    "room": "settings of {title}",
    "secrets": "secrets",
    "sync": "models",
    "transfer": "image of {title}",
    "units": "jobs of the host",
}
"""Words by a verb of the agent."""


def step_words(step: Step) -> str:
    """Return the words of a step."""
    words = STEPS[step.key]
    return words.format(title=room_of(step.subject).title) if "{title}" in words else words


def task_words(event: TaskEvent) -> str:
    """Return the words of a task; a task without words keeps its own name."""
    if event.verb:
        return step_words(VerbStep(event.verb))
    name = event.task.removeprefix("Ensure ")
    return TASKS.get(name, name)
