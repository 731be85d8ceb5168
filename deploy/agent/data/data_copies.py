"""Copies user data before its image changes; the copy is completed once the old container has stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.copy import new_folder, prune, take_copy
from deploy.agent.data.pending import forget_copy, read_pending, remember_copy
from deploy.agent.data.put_back import put_back
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.journal import Journal
from deploy.agent.remembered import read_json
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.releases import ConvergeRequest, Copy, Service


def take_copies(
    docker: Docker,
    root: Path,
    request: ConvergeRequest,
    services: dict[str, Service],
    back: dict[str, Any],
    journal: Journal,
) -> None:
    """Take every copy that the request asks for; a failure leaves the old containers running."""
    containers = of_stack(docker.containers({"kit.stack": request["stack"]}), request["stack"])
    for name, service in services.items():
        wanted_copy = service.get("copy")
        if not wanted_copy or service["action"] in ("remove", "stop"):
            continue
        container = containers.get(name)
        wanted = (docker.image(service["image"]) or {}).get("Id")
        if not _image_changes(root, name, service, container, wanted):
            continue
        known = read_pending(root).get(name)
        ran_newer = known is not None and (container is None or container["ImageID"] != known["image"])
        if known is not None and ran_newer and wanted is not None and known["image"] == wanted:
            _back_to_older(docker, root, name, container, known, journal)
        elif known is not None and ran_newer and known["release"] == back["release"]:
            journal.say(f"the copy of {name}'s data from before the interrupted change is kept")
        else:
            _copy(docker, root, name, wanted_copy, container, journal)


def _image_changes(
    root: Path, name: str, service: Service, container: dict[str, Any] | None, wanted: str | None
) -> bool:
    """True if another image will write the data; without a container its last release decides."""
    if container is not None:
        return bool(container["ImageID"] != wanted)
    ran = (read_json(root / "run" / "converged.json") or {}).get("release")
    manifest = read_manifest(root, ran) if ran else None
    before = manifest["services"].get(name, {}) if manifest else {}
    return bool(before.get("image", service["image"]) != service["image"])


def _back_to_older(
    docker: Docker, root: Path, name: str, container: dict[str, Any] | None, known: dict[str, Any], journal: Journal
) -> None:
    """Restore the data with its older image: the change to the newer image never succeeded."""
    if container is not None:
        stop_container(docker, container["Id"])
    aside = put_back(root, name, Path(known["folder"]), journal)
    forget_copy(root, name)
    journal.say(f"{name} returns to its older image and data; its newer data is in {aside}")


def _copy(
    docker: Docker,
    root: Path,
    name: str,
    wanted: Copy,
    container: dict[str, Any] | None,
    journal: Journal,
) -> None:
    release = linked_release(root, "current")
    folder = new_folder(root, name, release)
    # While the service still runs: nothing has stopped yet if the data cannot be copied.
    take_copy(wanted, folder, journal)
    running = is_up(container)
    if container is not None and running:
        journal.say(f"stopping {name} before its image changes")
        stop_container(docker, container["Id"])
        try:
            take_copy(wanted, folder, journal)
        except BaseException:
            docker.start(container["Id"])
            raise
    image = container["ImageID"] if container is not None else None
    remember_copy(root, name, {"folder": str(folder), "release": release, "image": image})
    prune(root, name)
