"""`docker compose` for one stack: its command line, environment and errors."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from deploy.agent.docker.api import Docker, socket_path
from deploy.agent.docker.installed import personal_folder, plugin_path
from deploy.agent.errors import AgentError, full_disk
from deploy.agent.holder import composing
from deploy.agent.interrupts import shielded
from deploy.agent.kit_folders import project_of
from deploy.agent.line import Line
from deploy.agent.programs import which
from deploy.agent.remembered import read_json, write_json

KEPT_VARIABLES = ("PATH", "HOME", "LANG")
SECONDS = 900
CHECKED_PROJECT = project_of("check")


def compose_argv(root: Path, project: str, *words: str, file: Path | None = None) -> list[str]:
    """Return the command line; files are named through `current`, so that a rolled-back link takes effect."""
    current = root / "current"
    options = ["--progress", "quiet", "--project-name", project, "--project-directory", str(current)]
    return [*program(), *options, "-f", str(file or current / "compose.yaml"), *words]


def up_argv(root: Path, project: str, services: list[str], recreate: bool) -> list[str]:
    """Return the command that makes or starts services: without dependencies, from local images."""
    forced = ["--force-recreate"] if recreate else []
    return compose_argv(root, project, "up", "-d", "--no-deps", "--no-build", "--pull", "never", *forced, *services)


def networks_argv(root: Path, project: str, services: list[str], file: Path | None = None) -> list[str]:
    """Return the command that makes missing containers and their networks, and starts none.

    With the file of another release than the current one, it leaves the containers that are there as they are.
    """
    options = ["--no-deps", "--no-build", "--pull", "never", *(["--no-recreate"] if file else [])]
    return compose_argv(root, project, "up", "--no-start", *options, *services, file=file)


def beside_argv(root: Path, project: str, service: str, name: str, file: Path) -> list[str]:
    """Return the command that starts a second container of a service: without published ports, aliases or restarts."""
    own = ["--name", f"{project}-{name}", "--label", f"kit.service={name}"]
    options = ["--detach", "--no-deps", "--no-TTY", "--interactive=false", *own]
    return compose_argv(root, project, "run", *options, service, file=file)


def check_file(root: Path, path: Path) -> None:
    """Refuse a compose file that compose does not accept."""
    _run(root, compose_argv(root, CHECKED_PROJECT, "config", "-q", file=path), "the compose file")


def run_up(root: Path, argv: list[str], what: str) -> None:
    """Run compose to its end: interrupted, it would leave a stopped container without its successor.

    Compose therefore gets none of the agent's signals; the agent waits for it, and compose outlives a killed agent.
    """
    with shielded(), composing(root) as lock:
        _run(root, argv, what, start_new_session=True, pass_fds=(lock,))


def own_configuration(root: Path) -> Path:
    """Return a folder with settings of the docker command; of a person's settings it holds the plugin folders alone.

    Compose writes the `proxies` of a person's config.json into every container that it makes. Registry passwords are
    not needed: compose pulls nothing.
    """
    folder = root / "run" / "docker"
    theirs = personal_folder()
    further = (read_json(theirs / "config.json") or {}).get("cliPluginsExtraDirs")
    places = [str(theirs / "cli-plugins"), *(further if isinstance(further, list) else [])]
    wanted = {"cliPluginsExtraDirs": places}
    if read_json(folder / "config.json") != wanted:
        write_json(folder / "config.json", wanted)
    return folder


def _run(root: Path, argv: list[str], what: str, **apart: Any) -> None:
    environment = {name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ}
    # Nobody's .env and no COMPOSE_* variable has a say.
    environment |= {"COMPOSE_DISABLE_ENV_FILE": "1", "COMPOSE_ANSI": "never"}
    # The engine that the agent itself asks, whatever context a person's docker command uses.
    environment["DOCKER_HOST"] = f"unix://{socket_path()}"
    environment["DOCKER_CONFIG"] = str(own_configuration(root))
    heard: dict[str, Any] = {"capture_output": True, "text": True, "stdin": subprocess.DEVNULL, "timeout": SECONDS}
    try:
        done = subprocess.run(argv, env=environment, check=False, **heard, **apart)
    except subprocess.TimeoutExpired:
        raise AgentError(
            f"{what}: docker compose did not finish within {SECONDS} s", "see `journalctl -u docker`"
        ) from None
    if done.returncode:
        said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["nothing"]
        failure = AgentError(f"{what}: docker compose failed: {'; '.join(said[-3:])}", "")
        raise full_disk(Docker().root(), failure.problem) or failure


def program() -> list[str]:
    """Return the command that runs Compose here."""
    client = which("docker")
    if client:
        return [client, "compose"]
    plugin = plugin_path("docker-compose")
    if plugin is None:
        raise AgentError("`docker compose` is not installed on this host", f"`{Line('apply')}` installs it")
    return [str(plugin)]
