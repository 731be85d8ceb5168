"""Starts services; a new network is closed to other machines before a container runs on it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.contract.trials import trial_of
from deploy.agent.docker.api import Docker
from deploy.agent.docker.compose import beside_argv, networks_argv, run_up, up_argv
from deploy.agent.firewall import keep as firewall
from deploy.agent.journal import Journal
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest


def start_services(
    docker: Docker, root: Path, request: ConvergeRequest, names: list[str], journal: Journal, *, recreate: bool
) -> None:
    """Make and start the containers of services of the current release, behind the rules of their networks."""
    stack, project, what = request["stack"], request["project"], ", ".join(names)
    if firewall.is_needed(docker) and _lacks_networks(docker, root, project, names, linked_release(root, "current")):
        run_up(root, networks_argv(root, project, names), what)
        firewall.ensure(docker, stack, root, journal)
    run_up(root, up_argv(root, project, names, recreate), what)
    # Compose makes a network anew whose settings differ.
    firewall.ensure(docker, stack, root, journal)


def start_beside(docker: Docker, root: Path, request: ConvergeRequest, name: str, journal: Journal) -> None:
    """Start a second container of a service as a placed release says, behind the rules of its networks."""
    stack, project, release = request["stack"], request["project"], request["release"]
    file, what = root / "releases" / release / "compose.yaml", f"the new {name}"
    if firewall.is_needed(docker) and _lacks_networks(docker, root, project, [name], release):
        run_up(root, networks_argv(root, project, [name], file), what)
        firewall.ensure(docker, stack, root, journal)
    # Under a name of its own: the container of the service is the one that answers.
    run_up(root, beside_argv(root, project, name, trial_of(name), file), what)
    firewall.ensure(docker, stack, root, journal)


def _lacks_networks(docker: Docker, root: Path, project: str, names: list[str], release: str | None) -> bool:
    manifest = read_manifest(root, release) if release else None
    stated = manifest["services"] if manifest else {}
    wanted = {f"{project}_{network}" for name in names for network in stated.get(name, {}).get("networks", ())}
    there = {network["Name"] for network in docker.networks({"com.docker.compose.project": project})}
    return not wanted <= there
