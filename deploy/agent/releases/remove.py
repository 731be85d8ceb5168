"""Removes a stack: its containers, or everything that the kit made; user data only if its folder is named."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent import late
from deploy.agent.data.places import left_places, places_path
from deploy.agent.data.restoring import left_by_restores
from deploy.agent.data.trees import OURS
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import all_of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.errors import AgentError
from deploy.agent.firewall import keep as firewall
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import BACKUPS, DATA, KIT, project_of
from deploy.agent.releases.collect import remove_images, stack_images
from deploy.agent.releases.shared import docker_packages, shared_places
from deploy.agent.releases.units import remove_units
from deploy.agent.stack.backup_memory import kept_paths
from deploy.agent.stack.deployed import deployed
from deploy.agent.stack.release import linked_release

if TYPE_CHECKING:
    from deploy.agent.contract.envelope import StackRequest
    from deploy.agent.contract.removals import DestroyAnswer, DestroyRequest, DownAnswer

NEVER_DATA = frozenset(
    [
        "/",
        "/bin",
        "/boot",
        "/dev",
        "/etc",
        "/home",
        "/lib",
        "/mnt",
        "/opt",
        str(KIT),
        "/proc",
        "/root",
        "/run",
        "/sbin",
        "/srv",
        str(BACKUPS),
        str(DATA),
        "/sys",
        "/tmp",
        "/usr",
        "/var",
        "/var/cache",
        "/var/lib",
        "/var/lib/docker",
        "/var/log",
    ]
)
MADE = ("releases", "files", "current", "good", "run", "backup")


def down(request: StackRequest, journal: Journal) -> DownAnswer:
    """Stop and remove the stack's containers and networks; data, secrets and releases stay."""
    remove_units(request["stack"], journal)
    docker, project = Docker(), project_of(request["stack"])
    with journal.step("containers"):
        containers = all_of_stack(docker.containers({"kit.stack": request["stack"]}), request["stack"])
        for container in containers:
            journal.say(f"removing {container['Names'][0].lstrip('/')}")
            stop_container(docker, container["Id"])
            docker.remove(container["Id"])
        networks = docker.networks({"com.docker.compose.project": project})
        for network in networks:
            docker.remove_network(network["Id"])
        # Behind the containers: until they are gone the way to them stays closed.
        firewall.remove(request["stack"], Path(request["root"]))
    (Path(request["root"]) / "run" / "stopped.json").unlink(missing_ok=True)
    return {
        "changed": bool(containers or networks),
        "containers": sorted(item["Labels"]["kit.service"] for item in containers),
        "networks": sorted(item["Name"] for item in networks),
    }


def destroy(request: DestroyRequest, journal: Journal) -> DestroyAnswer:
    """Remove everything that the kit made for a stack; data and the secrets that it needs stay unless named."""
    root, with_data = Path(request["root"]), bool(request.get("data"))
    folders = [Path(folder) for folder in request.get("folders", [])] if with_data else []
    for folder in folders:
        _ensure_is_data(folder, root)
    keepers = [] if with_data else _services_with_data(root)
    gone = down(request, journal)
    with journal.step("images"):
        images = remove_images(Docker(), root, stack_images(root), kept=set())
    late.ensure(request["stack"], ())
    removed = []
    for folder in folders:
        if folder.exists():
            journal.say(f"removing the data in {folder}")
            shutil.rmtree(folder)
            removed.append(str(folder))
    # Last, for the journal lies in it.
    removed += remove_made(root, keepers, with_data)
    return {
        **gone,
        "changed": gone["changed"] or bool(images or removed),
        "images": images,
        "removed": removed,
        "shared": shared_places(),
        "packages": docker_packages(),
    }


def _ensure_is_data(folder: Path, root: Path) -> None:
    plain = folder.is_absolute() and ".." not in folder.parts and not folder.is_symlink()
    if not plain or str(folder) in NEVER_DATA or folder in root.parents:
        raise AgentError(
            f"{folder} is not a folder of user data; nothing was removed", "remove it by hand if you mean it"
        )


def _services_with_data(root: Path) -> list[str]:
    """Return the services whose data a later stack can read only with their secrets."""
    release = linked_release(root, "current") or linked_release(root, "good")
    services = deployed(root / "releases" / release).get("services") if release else None
    if services is None:
        return [path.name for path in (root / "secrets").glob("*")]
    with_data = {service["name"] for service in services if service.get("data")}
    # Also of services that were taken out earlier: their data stays, and so do the keys that it needs.
    return sorted(with_data | {place["service"] for place in left_places(root, [])})


def is_rooted(root: Path) -> bool:
    """Return True if a removal with the data would find something in the stack's root."""
    kept = kept_paths(root)
    there = [*root.glob("*"), *(root / "secrets").glob("*")]
    return root.exists() and (not kept or any(path not in (*kept, root / "secrets") for path in there))


def remove_made(root: Path, keepers: list[str], with_data: bool) -> list[str]:
    """Remove the stack's root except what kept data needs; the hold's own file goes last."""
    removed = []
    kept = {*(root / "secrets" / name for name in keepers), *kept_paths(root)}
    # Behind the releases, which name the places of data, nothing would find what a killed restore left in them.
    parts = [*left_by_restores(root), *(root / name for name in (*MADE, "backups.json")), *(root / "secrets").glob("*")]
    if with_data:
        # Secrets that a restore replaced are among them.
        of_data = [root / "copies", root / "audit.log", root / "data_versions.json", places_path(root)]
        parts += [*of_data, *root.glob(f"{OURS}*")]
    for path in filter(lambda path: path not in kept, parts):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
            removed.append(str(path))
        elif path.exists() or path.is_symlink():
            path.unlink()
            removed.append(str(path))
    for path in (root / "secrets", root):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()
    return removed
