"""What a person reads of a playbook's tasks while they run: the thing that is worked on, in a person's words."""

from __future__ import annotations

import re

TASKS = {
    "a dead engine is told in words": "Docker's start",
    "a dead engine's process number is gone": "Docker's start",
    "a failed installation is told in words": "Debian packages",
    "a service may listen on an address that comes after Docker": "addresses that come late",
    "a new Python environment for uv": "uv, which fetches Python packages",
    "a uv that cannot be had is told in words": "uv, which fetches Python packages",
    "an engine that kit installs is marked as its own": "Docker's folder",
    "daemon.json holds kit's settings beside those of others": "Docker's settings",
    "daemon.json holds what the plan says": "Docker's settings",
    "daemon.json is written or told why not": "Docker's settings",
    "each folder is there with its owner": "folders",
    "each secret lies on the host, readable for its readers alone": "secrets",
    "every host is as its plan says": "this machine",
    "it is known whether the engine is on its way": "a look at Docker",
    "it is known which packages are there": "a look at Debian packages",
    "it is known which uv is there": "a look at uv",
    "kit's folder is there": "the kit's folder",
    "missing packages are fetched, checked and installed": "Debian packages",
    "missing packages are installed": "Debian packages",
    "nothing stays that no kept release names": "clearing away old releases",
    "settings that the engine refuses are told in words": "Docker's settings",
    "the agent's error is told, for it names no value": "secrets",
    "the engine answers": "Docker's answer",
    "the engine has its mark": "Docker's folder",
    "the engine has the models of the spec": "models",
    "the engine is started apart from this session": "Docker's start",
    "the engine runs": "Docker's start",
    "the engine runs and answers": "Docker's start",
    "the engine runs in a session of its own": "Docker's start",
    "the engine runs under systemd": "Docker's start",
    "the engine takes its settings over": "Docker's restart",
    "the engine's last words are known": "Docker's log",
    "the engine's packages are there": "Docker's packages",
    "the folder of daemon.json": "Docker's folder",
    "the images are there": "images",
    "the models lie on the host": "model files",
    "the packages that assemble images are there": "packages that assemble images",
    "the placed release runs": "start of the release",
    "the plugins' packages are there": "Docker's plugins",
    "the release lies on the host": "the release's files",
    "the secrets are there": "secrets",
    "the steps that the plan asks for": "steps of the plan",
    "this Docker is new enough": "a look at Docker's version",
    "uv is installed or told why not": "uv, which fetches Python packages",
    "uv is installed with its hashes checked": "uv, which fetches Python packages",
    "uv is named by version and hashes": "uv, which fetches Python packages",
    "uv is there": "uv, which fetches Python packages",
}
"""By a task's name without its first word."""
_OF_ROOMS = (
    (re.compile(r"the folders of (.+) with their owners"), r"folders of \1"),
    (re.compile(r"the settings that kit owns inside (.+)"), r"settings of \1"),
)


def task_words(task: str) -> str:
    """Return a task's words; those of a task that nobody has worded are its own."""
    name = task.removeprefix("Ensure ")
    for pattern, words in _OF_ROOMS:
        if found := pattern.fullmatch(name):
            return found.expand(words)
    return TASKS.get(name, name)
