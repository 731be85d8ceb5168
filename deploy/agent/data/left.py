"""Data and keys of services that the stack no longer has; they stay until the stack is destroyed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from deploy.agent.data.looking import has_entries
from deploy.agent.data.places import known_places, left_places
from deploy.agent.stack.deployed import deployed

if TYPE_CHECKING:
    from deploy.agent.contract.deployed import Deployed
    from deploy.agent.contract.places import Left

DATA: Final = "data"
KEYS: Final = "keys"


def left_behind(root: Path, data_root: str, folders: list[str], holders: list[str]) -> list[Left]:
    """Return data and keys without a service in kit.yaml or in the running release."""
    decided = deployed(root / "current")
    used = [*folders, *_folders_of(decided)]
    data: list[Left] = [
        {"service": place["service"], "path": place["path"], "kind": DATA} for place in left_places(root, used)
    ]
    # A used folder may be a symlink; its target belongs to the service too.
    known = [*used, *(str(Path(path).resolve()) for path in used), *(place["path"] for place in data)]
    data += [
        {"service": path.name, "path": str(path), "kind": DATA}
        for path in _children(Path(data_root))
        if has_entries(path) and not any(_is_within(inner, path) for inner in known)
    ]
    names = {*holders, *_holders_of(decided)}
    keys: list[Left] = [
        {"service": path.name, "path": str(path), "kind": KEYS}
        for path in _children(root / "secrets")
        if path.name not in names and has_entries(path)
    ]
    return [*data, *keys]


def remembered_paths(root: Path) -> list[str]:
    """Return every folder that held data of this stack, except those that another stack uses now."""
    others = [stack for stack in root.parent.glob("*") if stack != root]
    theirs = [path for stack in others for path in (*known_places(stack), *_folders_of(deployed(stack / "current")))]
    return [
        path
        for path in known_places(root)
        if not any(_is_within(path, Path(other)) or _is_within(other, Path(path)) for other in theirs)
    ]


def _folders_of(decided: Deployed) -> list[str]:
    services, engines = decided.get("services", []), decided.get("engines", [])
    folders = [folder["host_path"] for service in services for folder in service.get("folders", [])]
    folders += [data["host_path"] for service in services if (data := service.get("data"))]
    return [*folders, *(folder for engine in engines if (folder := engine.get("models_dir")))]


def _holders_of(decided: Deployed) -> list[str]:
    services = decided.get("services", [])
    used = [use["secret"] for service in services for use in service.get("secrets", [])]
    used += [secret for service in services for secret in service.get("host_secrets", [])]
    return [*(service["name"] for service in services), *(secret["owner"] for secret in used)]


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    except OSError:
        # Only root looks into secrets; what was never made has nothing in it.
        return []


def _is_within(path: str, folder: Path) -> bool:
    return Path(path) == folder or folder in Path(path).parents
