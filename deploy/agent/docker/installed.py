"""Docker on the host: the daemon behind its socket, the client, the plugins, the kit's own images."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.docker.api import Docker, has_digest
from deploy.agent.docker.daemon import daemon_json, daemon_settings
from deploy.agent.docker.defaults import host_defaults, missing_limits
from deploy.agent.docker.direct import forwards
from deploy.agent.errors import AgentError
from deploy.agent.kit_folders import INSTALLED_DOCKER
from deploy.agent.programs import which
from deploy.agent.remembered import read_json, stamp, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.hardware import Docker as Installed
    from deploy.agent.contract.hardware import DockerServer
    from deploy.agent.contract.probe import HostImage
    from deploy.agent.docker.defaults import HostDefaults

PROGRAM_FOLDERS = ("/usr/local/sbin", "/usr/sbin", "/sbin")
"""Folders that may be missing from a person's PATH."""
PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
)


def observe(root: Path) -> tuple[Installed, HostDefaults | None]:
    """Describe the installed Docker and its defaults; a client without a daemon counts as no Docker."""
    document, problem = daemon_json()
    program = _engine()
    server, defaults = _server(program, document or {})
    return {
        **server,
        "engine_path": program,
        "daemon_json_problem": problem,
        "compose": plugin_version("docker-compose", root),
        "client_path": which("docker"),
        "kit_installed": INSTALLED_DOCKER.exists(),
    }, defaults


def _server(program: str | None, settings: dict[str, Any]) -> tuple[DockerServer, HostDefaults | None]:
    docker = Docker(timeout=10)
    try:
        # Not /version: for that the daemon starts runc and others to ask theirs.
        information = docker.info()
    except AgentError as error:
        is_denied = Path(docker.path).exists() and not os.access(docker.path, os.W_OK)
        return {
            "server": False,
            "is_denied": is_denied,
            "live_restore": False,
            "version": None if is_denied or program is None else _program_version(program),
            "root": settings.get("data-root"),
            "problem": error.problem,
            "next": error.next_step,
        }, None
    started_with = daemon_settings()
    return {
        "server": True,
        "is_denied": False,
        "live_restore": bool(information.get("LiveRestoreEnabled")),
        "missing_limits": missing_limits(information),
        "security": information.get("SecurityOptions") or [],
        "forwards": forwards(information, started_with),
        "version": information["ServerVersion"],
        "root": information["DockerRootDir"],
        "problem": None,
        "next": None,
    }, host_defaults(information, started_with)


def server_version() -> str | None:
    """Return the version of the installed daemon, running or not."""
    program = _engine()
    try:
        version: str = Docker(timeout=10).info()["ServerVersion"]
    except AgentError:
        return _program_version(program) if program else None
    return version


def _engine() -> str | None:
    return which("dockerd", path=os.pathsep.join([os.environ.get("PATH", ""), *PROGRAM_FOLDERS]))


def _program_version(program: str) -> str | None:
    """Return the version of a daemon that does not run."""
    try:
        asked = subprocess.run([program, "--version"], capture_output=True, check=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.search(r"version ([^\s,]+)", asked.stdout)
    return match[1] if match else None


def personal_folder() -> Path:
    """Return the folder with a person's settings of the docker command."""
    # Path.home() fails for a user without a home; the tilde that stays here names no folder.
    return Path(os.environ.get("DOCKER_CONFIG") or os.path.expanduser("~/.docker"))  # noqa: PTH111


def plugin_path(name: str) -> Path | None:
    """Return the plugin that `docker` would run."""
    paths = (folder / name for folder in (personal_folder() / "cli-plugins", *map(Path, PLUGIN_FOLDERS)))
    return next((path for path in paths if os.access(path, os.X_OK)), None)


def plugin_version(name: str, root: Path) -> str | None:
    """Return a plugin's version, cached while its file stays the same."""
    path = plugin_path(name)
    if path is None:
        return None
    status = path.stat()
    file = " ".join(map(str, (path, *stamp(status).values())))
    memory = root / "run" / "plugins.json"
    known = read_json(memory) or {}
    if file not in known:
        known = {**known, file: _asked_version(path)}
        if os.access(memory.parent, os.W_OK):
            write_json(memory, known)
    version: str | None = known[file]
    return version


def _asked_version(path: Path) -> str | None:
    try:
        asked = subprocess.run([str(path), "docker-cli-plugin-metadata"], capture_output=True, check=True, timeout=20)
        version = str(json.loads(asked.stdout)["Version"])
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return None
    return version.removeprefix("v")


def images(docker: Docker, *folders: Path) -> dict[str, HostImage]:
    """Return the images under names of the kit's, by tag, with what the records in these folders say of them."""
    by_tag: dict[str, HostImage] = {}
    for image in docker.images("kit/*"):
        for reference in image["RepoTags"] or []:
            records = [read_json(folder / "images" / f"{reference.split(':')[-1]}.json") for folder in folders]
            mine = [record for record in records if record and record.get("id") == image["Id"]]
            by_tag[reference] = {
                "id": image["Id"],
                "recipe": (image["Labels"] or {}).get("kit.recipe"),
                "debian_versions": mine[0].get("debian_versions", {}) if mine else {},
                "is_brought": bool(mine) or _is_pulled(docker, reference),
            }
    return dict(sorted(by_tag.items()))


def _is_pulled(docker: Docker, reference: str) -> bool:
    """Return True if Docker got an image by the digest in its name: a list of images leaves other names out."""
    return has_digest(docker.image(reference) or {}, f"sha256:{reference.rpartition(':')[2]}")
