"""Starts services of the current release; a new network is closed to other machines before a container runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.docker.api import Docker
from deploy.agent.docker.compose import networks_argv, run_up, up_argv
from deploy.agent.firewall import keep as firewall
from deploy.agent.journal import Journal
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest


def start_services(
    docker: Docker, root: Path, request: ConvergeRequest, names: list[str], journal: Journal, *, recreate: bool
) -> None:
    """Make and start the containers of services, behind the rules of their networks."""
    stack, project, what = request["stack"], request["project"], ", ".join(names)
    if firewall.is_needed(docker) and _lacks_networks(docker, root, project, names):
        run_up(root, networks_argv(root, project, names), what)
        firewall.ensure(docker, stack, root, journal)
    run_up(root, up_argv(root, project, names, recreate), what)
    # Compose makes a network anew whose settings differ.
    firewall.ensure(docker, stack, root, journal)


def _lacks_networks(docker: Docker, root: Path, project: str, names: list[str]) -> bool:
    release = linked_release(root, "current")
    manifest = read_manifest(root, release) if release else None
    stated = manifest["services"] if manifest else {}
    wanted = {f"{project}_{network}" for name in names for network in stated.get(name, {}).get("networks", ())}
    there = {network["Name"] for network in docker.networks({"com.docker.compose.project": project})}
    return not wanted <= there
