"""Folders of the host that the web UI and a person share."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.components.open_webui.data import CONFIG, UPLOADS
from deploy.components.open_webui.environment import STATIC_PATH
from deploy.components.open_webui.spec import OpenWebUI
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.service import Mount, Tmpfs

CONFIG_PATH = "/config"
STATIC_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Bridge:
    """The folders of the web UI, and what a person's bridge adds to its container."""

    folders: tuple[Folder, ...]
    mounts: tuple[Mount, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    person: Owner | None = None


def bridge_of(root: str, owner: Owner, spec: OpenWebUI) -> Bridge:
    """Decide the folders below a root; a person's own belong to the person, and the data to the service."""
    if spec.bridge is None:
        return Bridge((Folder(root, owner, "0700"), Folder(f"{root}/data", owner, "0700")))
    if spec.bridge_user is None:
        # A bridge is the person's own folder: only what lies in it is the kit's to make.
        return Bridge((Folder(f"{root}/data", owner, "0700"),))
    uid, gid = map(int, spec.bridge_user.split(":"))
    person = Owner(uid, gid)
    own = [Folder(f"{root}{name}", person, "0755") for name in ("", "/static", f"/{UPLOADS}", f"/{CONFIG}")]
    # Files of the service are readable for all: the group of the folder above them decides.
    data = Folder(f"{root}/data", Owner(owner.uid, gid), "0750")
    mounts = (Mount(f"{root}/{UPLOADS}", f"{STATIC_PATH}/uploads"), Mount(f"{root}/{CONFIG}", CONFIG_PATH))
    return Bridge((own[0], data, *own[1:]), mounts, (Tmpfs(STATIC_PATH, STATIC_BYTES),), person)
