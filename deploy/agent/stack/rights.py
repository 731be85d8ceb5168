"""Owners and modes of everything that the kit places: the right ones, in one place, and the differences."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from deploy.agent.kit_folders import AGENTS, CACHE, DATA, KIT, TOOLS
from deploy.agent.late import path_of
from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Deployed, Folder, Secret
    from deploy.agent.contract.places import Owner
    from deploy.agent.contract.released import Right as SeenRight

SHARED_FOLDER, SHARED_FILE = 0o755, 0o644
SECRET_FOLDER, SECRET_FILE = 0o700, 0o400
MODEL_FILE = 0o444
ROOT: Owner = {"uid": 0, "gid": 0}
CLOSED = {"key": SECRET_FILE, "failed": SECRET_FOLDER, "copies": SECRET_FOLDER}
"""Parts of a stack's folder for root alone: keys, logs and copies of user data."""
PROGRAMS = (f"{AGENTS.name}/*", f"{TOOLS.name}/*", f"{TOOLS.name}/bin/*", "*.json")
CACHED = ("*", "builder/*", "images/*", "keys/*", "layers/*")
"""Programs that root runs and content of images: a writer there becomes root, or is in every container."""


class Right(NamedTuple):
    """A path, and the mode and owner that it should have."""

    path: Path
    mode: int
    uid: int
    gid: int
    is_limit: bool = False
    """True if a stricter mode is right as well: root alone uses the path."""
    is_placed: bool = False
    """True if placing a release repairs it; folders of user data belong to their room's role."""
    is_linkable: bool = False
    """True if a link may lead to it: people move data to another disk that way."""


def stated(root: Path, deployment: Deployed, owner: Owner = ROOT) -> Iterator[Right]:
    """Yield the rights that a release's deployment states, and those of the kit's own paths."""
    for path in _own(root):
        is_program = path.parent.name == "bin"
        limit = SHARED_FOLDER if path.is_dir() or is_program else SHARED_FILE
        yield Right(path, CLOSED.get(path.name, limit), owner["uid"], owner["gid"], is_limit=True)
    for path in _parents(deployment):
        yield Right(path, SHARED_FOLDER, owner["uid"], owner["gid"], is_limit=True, is_linkable=True)
    secrets = root / "secrets"
    readers = secret_readers(deployment, owner)
    for path in (secrets, *sorted({secrets / service for service, _ in readers})):
        yield Right(path, SECRET_FOLDER, owner["uid"], owner["gid"], is_limit=True)
    for (service, name), reader in sorted(readers.items()):
        yield Right(secrets / service / name, SECRET_FILE, reader["uid"], reader["gid"], is_placed=True)
    for folder in _folders(deployment):
        reader, mode = folder["owner"], int(folder["mode"], 8)
        yield Right(Path(folder["host_path"]), mode, reader["uid"], reader["gid"], is_linkable=True)
    for model in deployment.get("models", ()):
        reader = model["owner"]
        yield Right(Path(model["host_path"]), MODEL_FILE, reader["uid"], reader["gid"], is_linkable=True)


def differing(root: Path, deployment: Deployed, owner: Owner = ROOT) -> list[SeenRight]:
    """Return each existing path with another mode or owner, and the cause in words."""
    return [
        {"path": str(right.path), "cause": cause, "is_placed": right.is_limit or right.is_placed}
        for right in stated(root, deployment, owner)
        for cause in [_cause(right)]
        if cause
    ]


def observe(root: Path) -> list[SeenRight]:
    """Return the differences from the current release."""
    return differing(root, deployed(root / "current"))


def mend(root: Path, deployment: Deployed, owner: Owner = ROOT) -> list[str]:
    """Repair the modes and owners of the kit's own paths; roles do so for folders of user data."""
    mended = []
    for right in stated(root, deployment, owner):
        # A link that nobody expects leads to what is not the kit's: it is told, and nothing behind it is changed.
        is_followed = right.is_linkable or not right.path.is_symlink()
        if (right.is_limit or right.is_placed) and is_followed and _cause(right):
            mode = right.path.stat().st_mode & right.mode if right.is_limit else right.mode
            os.chown(right.path, right.uid, right.gid)
            right.path.chmod(mode)
            mended.append(str(right.path))
    return mended


def _cause(right: Right) -> str:
    try:
        status = right.path.stat() if right.is_linkable else right.path.lstat()
    except OSError:
        # It is missing, or this user may not look: other checks tell of that.
        return ""
    mode, words = status.st_mode & 0o7777, []
    if mode & ~right.mode if right.is_limit else mode != right.mode:
        words.append(f"mode is {mode:04o}, not {right.mode:04o}")
    if (status.st_uid, status.st_gid) != (right.uid, right.gid):
        words.append(f"owner is {status.st_uid}:{status.st_gid}, not {right.uid}:{right.gid}")
    return ", ".join(words)


def _own(root: Path) -> Iterator[Path]:
    """Yield the paths that root alone writes to; links have no rights of their own."""
    shared = root.parent
    places = [shared, shared / "agent", shared / "tools", shared / "tools" / "bin", root]
    inside = ("*.json", "audit.log", "copies", "releases", "releases/*", "files", "files/*", "run", "run/**/*")
    patterns = [(shared, PROGRAMS), (root, inside)]
    if shared == KIT:
        places += [CACHE, path_of(root.name)]
        patterns.append((CACHE, CACHED))
    places += [path for above, names in patterns for name in names for path in sorted(above.glob(name))]
    for path in dict.fromkeys(places):
        if path.exists() and not path.is_symlink():
            yield path


def _parents(deployment: Deployed) -> tuple[Path, ...]:
    """Return the parent folders of the stack's data, if it lies in its usual place."""
    usual = DATA / str(deployment.get("stack"))
    inside = any(usual in Path(folder["host_path"]).parents for folder in _folders(deployment))
    return (DATA, usual) if inside else ()


def _folders(deployment: Deployed) -> Iterator[Folder]:
    return (folder for service in deployment.get("services", ()) for folder in service.get("folders", ()))


def secret_readers(deployment: Deployed, owner: Owner) -> dict[tuple[str, str], Owner]:
    """Return the reader of each copy of a secret; an original without a container is for root."""
    readers: dict[tuple[str, str], Owner] = {}
    originals: list[Secret] = []
    for service in deployment.get("services", ()):
        for use in service.get("secrets", ()):
            readers[service["name"], use["secret"]["name"]] = service["owner"]
            originals.append(use["secret"])
        originals += service.get("host_secrets", ())
    engines = (*deployment.get("engines", ()), *deployment.get("named_engines", ()))
    originals += [key for engine in engines if (key := engine.get("key"))]
    for secret in originals:
        readers.setdefault((secret["owner"], secret["name"]), owner)
    return readers
