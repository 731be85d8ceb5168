"""Gives a service's folders and their content to a new user, while the service is stopped."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from deploy.agent.docker.api import Docker
from deploy.agent.docker.containers import is_up, of_stack
from deploy.agent.docker.health import stop_container
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.line import Line
from deploy.agent.stack.deployed import deployed
from deploy.agent.stack.rights import secret_readers

if TYPE_CHECKING:
    from deploy.agent.contract.places import Handover, Owner
    from deploy.agent.contract.releases import Service

Services = dict[str, "Service"]
User = tuple[int, int]


def released_owners(root: Path, release: str | None = None) -> dict[str, str]:
    """Return the folders of a release, by default the running one, each with the user that the kit gave it to."""
    decided = deployed(root / "releases" / release if release else root / "current")
    folders = [folder for service in decided.get("services", []) for folder in service.get("folders", [])]
    return {folder["host_path"]: f"{folder['owner']['uid']}:{folder['owner']['gid']}" for folder in folders}


def ensure_own(root: Path, host_path: str, release: str | None = None) -> None:
    """Refuse a folder of data that belongs to another user than a release says, by default the running one.

    Its parent may be a person's, who can put any folder or link in its place: root would read and write there.
    """
    owner, path = released_owners(root, release).get(host_path), Path(host_path)
    if owner is None or not path.exists():
        return
    uid = path.stat().st_uid
    if uid != int(owner.partition(":")[0]):
        raise AgentError(
            f"{host_path} belongs to the user {uid}, and the kit gave it to {owner}: it is another folder",
            f"put the former folder back in its place; nothing was changed. `{Line('plan')}` shows more",
        )


def change_owners(docker: Docker, stack: str, services: Services, journal: Journal) -> None:
    """Give folders to the users that their services run as from now on."""
    containers = of_stack(docker.containers({"kit.stack": stack}), stack)
    for name, owners in _changed(services):
        if is_up(containers.get(name)):
            journal.say(f"stopping {name} before its folders get a new owner")
            stop_container(docker, containers[name]["Id"])
        for owner in owners:
            _give(Path(owner["path"]), (owner["from_uid"], owner["from_gid"]), (owner["uid"], owner["gid"]))


def owners_back(changed: Mapping[str, list[Handover]]) -> None:
    """Give the services' folders back to their previous users; the newest change of a folder comes first."""
    for owners in changed.values():
        for owner in owners:
            _give(Path(owner["path"]), (owner["uid"], owner["gid"]), (owner["from_uid"], owner["from_gid"]))


def secrets_back(root: Path, release: str, names: list[str]) -> None:
    """Give services' secrets to the readers of the release that runs again; root keeps its own."""
    own: Owner = {"uid": os.geteuid(), "gid": os.getegid()}
    for (service, name), reader in secret_readers(deployed(root / "releases" / release), own).items():
        path = root / "secrets" / service / name
        if service not in names or not path.exists():
            continue
        status = path.lstat()
        if (status.st_uid, status.st_gid) != (reader["uid"], reader["gid"]):
            os.chown(path, reader["uid"], reader["gid"], follow_symlinks=False)


def _changed(services: Services) -> Iterator[tuple[str, list[Handover]]]:
    return ((name, service["owners"]) for name, service in services.items() if service.get("owners"))


def _give(folder: Path, before: User, now: User) -> None:
    """Change the owner of a user's files, the folder itself last: an interrupted change is then seen as not done."""
    # A service sees what a link to its folder leads to.
    folder = folder.resolve()
    for above, folders, files in os.walk(folder, topdown=False):
        for name in (*files, *folders):
            _give_one(Path(above) / name, before, now)
    _give_one(folder, before, now)


def _give_one(path: Path, before: User, now: User) -> None:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return
    uid = now[0] if status.st_uid == before[0] else status.st_uid
    gid = now[1] if status.st_gid == before[1] else status.st_gid
    if (uid, gid) != (status.st_uid, status.st_gid):
        os.chown(path, uid, gid, follow_symlinks=False)
