"""Moves user data to another place: copied while its service is stopped, checked, then renamed in.

The data in the old place is only read.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.data.copy import take_copy
from deploy.agent.data.owners import ensure_own
from deploy.agent.data.persons import bring
from deploy.agent.data.places import MOVE, begin
from deploy.agent.data.put_back import swap_in
from deploy.agent.data.trees import OURS, copied_digest
from deploy.agent.data.versions import data_versions, remember_versions
from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.jobs import CopiedData, DataItem
    from deploy.agent.contract.places import SettledPlace
    from deploy.agent.contract.releases import ConvergeRequest, Service

MOVING = f"{OURS}moving"


def settle_places(
    docker: Docker, root: Path, request: ConvergeRequest, services: dict[str, Service], journal: Journal
) -> None:
    """Apply the person's choice for each changed data place, before any container uses it."""
    for name, service in services.items():
        place = service.get("place")
        if not place or service["action"] in ("remove", "stop"):
            continue
        if place["choice"] == MOVE:
            # Under another name the stack has its containers still.
            stack = place.get("stack") or request["stack"]
            containers = of_stack(docker.containers({"kit.stack": stack}), stack)
            _move_stopped(docker, root, name, place, containers.get(name), journal)
        if place.get("takes_over"):
            _remember_version(root, name, place["stack"])
        begin(root, name, place, place["choice"])


def _move_stopped(
    docker: Docker, root: Path, name: str, place: SettledPlace, container: dict[str, Any] | None, journal: Journal
) -> None:
    beside = Path(place["path"]) / MOVING
    if beside.exists():
        # A killed move leaves it; with a part of it the new copy would not be equal.
        shutil.rmtree(beside)
    ensure_own(root, place["from"])
    request: CopiedData = {"service": name, "host_path": place["from"], "items": _items(place)}
    is_running = is_up(container)
    try:
        _ensure_folder(place)
        _bring_shared(place, journal)
        # While the service still runs: it stops only for what changed since.
        take_copy(request, beside, journal)
        if container is not None and is_running:
            journal.say(f"stopping {name} before its data moves")
            stop_container(docker, container["Id"])
        manifest = take_copy({**request, "items": _items(place)}, beside, journal)
        journal.say(f"checking the copy of {name}'s data")
        _ensure_equal(manifest, beside / "data")
        _give(manifest, beside / "data", place)
    except BaseException:
        # The first failure is the one to report; the next move removes the rest, or says why it cannot.
        shutil.rmtree(beside, ignore_errors=True)
        if container is not None and is_running:
            docker.start(container["Id"])
        raise
    aside = swap_in(root, name, {**manifest, "host_path": place["path"]}, beside / "data")
    # The data is in its place: a copy that stays beside it is no failure.
    shutil.rmtree(beside, ignore_errors=True)
    lay = f"; the former content is in {aside}" if aside else ""
    journal.say(f"the data of {name} is now in {place['path']}{lay}; the old data stays in {place['from']}")


def _remember_version(root: Path, name: str, stack: str) -> None:
    """Remember the release of the application that wrote the data: an older one must not continue with it."""
    version = data_versions(root.with_name(stack)).get(name)
    if version:
        remember_versions(root, {name: version})


def _ensure_folder(place: SettledPlace) -> None:
    path = Path(place["path"])
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True)
        os.chown(path, place["uid"], place["gid"])


def _bring_shared(place: SettledPlace, journal: Journal) -> None:
    """Copy the person's own files along, if the former data has such folders beside it as the new one."""
    shared, source = place.get("shared"), Path(place["from"]).parent
    if shared and not place["is_import"] and source != Path(shared["host_path"]):
        for words in bring(shared, source):
            journal.say(words)


def _items(place: SettledPlace) -> list[DataItem]:
    """Return everything in the old place: declared databases, and every file or folder beside them."""
    source, target = Path(place["from"]), Path(place["path"]).resolve()
    databases = [item for item in place["databases"] if (source / item).is_file()]
    beside = {f"{item}{suffix}" for item in databases for suffix in ("", "-wal", "-shm", "-journal")}
    tops = [
        item.name
        for item in sorted(source.iterdir())
        # The new place may lie in the old one.
        if not item.name.startswith(OURS)
        and item.name not in beside
        and item.resolve() not in (target, *target.parents)
    ]
    return [*({"sqlite": item} for item in databases), *({"tree": item} for item in tops)]


def _ensure_equal(manifest: dict[str, Any], copy: Path) -> None:
    for file in manifest["files"]:
        if file["kind"] == "file" and copied_digest(copy / file["path"]) != file["sha256"]:
            raise AgentError(
                f"{copy / file['path']} differs from its original after the copy",
                "check that disk; nothing was changed",
            )


def _give(manifest: dict[str, Any], copy: Path, place: SettledPlace) -> None:
    """Give the copy to the user that the service runs as now."""
    for file in manifest["files"]:
        file.update(uid=place["uid"], gid=place["gid"])
        os.chown(copy / file["path"], place["uid"], place["gid"], follow_symlinks=False)
