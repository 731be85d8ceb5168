"""Consistent copies of everything that a backup holds, laid out for people: `configs/`, `data/` and `logs/`.

The copies stay on the host between runs, except those of secrets. A file that did not change is not read again,
neither here nor by restic.
"""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.databases import rows_of
from deploy.agent.backups.unlocked import stores_of, unlocked_models
from deploy.agent.backups.weights import Weights, take_weights
from deploy.agent.data.copy import take_copy
from deploy.agent.data.owners import ensure_own
from deploy.agent.errors import AgentError
from deploy.agent.journal import Journal
from deploy.agent.kit_folders import BACKUP_OWNER
from deploy.agent.line import Line
from deploy.agent.remembered import write_file
from deploy.agent.stack.backup_memory import log_path, now
from deploy.agent.stack.release import linked_release, read_manifest

if TYPE_CHECKING:
    from deploy.agent.contract.backups import BackedUpData, Backup, Statement
    from deploy.agent.contract.jobs import CopiedData
    from deploy.agent.contract.released import Manifest

PARTS = ("configs", "data", "logs")
STATEMENT = "configs/backup.json"
STATEMENT_FORMAT = 1
SECRETS = "configs/secrets"
MODELS = "configs/models.json"
MODE = 0o600


def _always() -> None:
    pass


def take_copies(root: Path, backup: Backup, journal: Journal, ensure_wanted: Callable[[], None] = _always) -> Path:
    """Copy everything; return the folder of the copies. `ensure_wanted` raises if they are of no use by now."""
    folder = _folder(root)
    for path in (folder.parent, folder, *(folder / part for part in PARTS)):
        path.mkdir(mode=0o700, exist_ok=True)
    release = linked_release(root, "current")
    manifest = read_manifest(root, release) if release else None
    if release is None or manifest is None:
        raise AgentError("there is no release on this host", f"run `{Line('apply')}` first")
    everything = all_data(backup)
    engines = {store["service"] for store in backup["stores"]} if backup.get("weights") else set()
    _drop_others(folder / "data", {data["service"] for data in everything} | engines)
    for data in backup["data"]:
        ensure_own(root, data["host_path"])
    for data in everything:
        ensure_wanted()
        take_copy(data, folder / "data" / data["service"], journal)
    take_copy(secrets_of(root), folder / SECRETS, journal)
    _copy_release(root, release, manifest, folder / "configs")
    # Ahead of the weights, which take long: a model that changes meanwhile is a change for the next look.
    _write(folder / MODELS, models_of(backup))
    weights = take_weights(root, backup, folder / "data", journal)
    _write(folder / STATEMENT, statement(root, backup, release, manifest, weights))
    for log in (root / "audit.log", log_path(root)):
        if log.exists():
            write_file(folder / "logs" / log.name, log.read_bytes(), MODE)
    return folder


def all_data(backup: Backup) -> list[BackedUpData]:
    """Return the data of services, and the folders that people share with them."""
    return [*backup["data"], *backup.get("shared", [])]


def remove_secrets(root: Path) -> None:
    """Remove the copies of secrets: outside the repository, a secret has one file for each reader and no more."""
    folder = _folder(root) / SECRETS
    if folder.exists():
        shutil.rmtree(folder)


def _folder(root: Path) -> Path:
    return root / "backup" / "copies"


def secrets_of(root: Path) -> CopiedData:
    """Return the host's secrets as data to copy; the key of the backups is of no use inside them."""
    names = sorted(path.name for path in (root / "secrets").glob("*") if path.name != BACKUP_OWNER)
    items = [{"tree": f"secrets/{name}"} for name in names]
    return {"service": "secrets", "host_path": str(root), "items": items}


def keep_other_secrets(root: Path, aside: Path) -> None:
    """Keep the secrets that a restored backup lacks: a service may read more here, or now, than it did then."""
    for former in sorted(aside.glob("secrets/*/*")):
        path = root / former.relative_to(aside)
        if former.is_file() and not path.exists():
            status = former.stat()
            write_file(path, former.read_bytes(), status.st_mode & 0o7777, status.st_uid, status.st_gid)


def without_borrowed(root: Path, said: Statement, manifest: dict[str, Any]) -> dict[str, Any]:
    """Leave out the secrets of services that run here and did not run there: that host had copies for its own readers.

    Such a copy belongs to root, so the service itself could not read it.
    """
    release = linked_release(root, "current")
    current = read_manifest(root, release) if release else None
    here = current["services"] if current else {}
    borrowed = {f"secrets/{name}" for name in here if name not in said["images"]}

    def is_own(path: str) -> bool:
        return "/".join(path.split("/")[:2]) not in borrowed

    items = [item for item in manifest["items"] if is_own(next(iter(item.values())))]
    return {**manifest, "items": items, "files": [file for file in manifest["files"] if is_own(file["path"])]}


def statement(root: Path, backup: Backup, release: str, manifest: Manifest, weights: Weights) -> Statement:
    """Return what a backup says of itself."""
    copies = _folder(root) / "data"
    said: Statement = {
        "format": STATEMENT_FORMAT,
        "stack": backup["stack"],
        "host": socket.gethostname(),
        "release": release,
        "kit": manifest["kit"],
        "taken": now(),
        "versions": {data["service"]: data["version"] for data in all_data(backup)},
        "images": {name: str(service["image"]) for name, service in sorted(manifest["services"].items())},
        "rows": {data["service"]: rows_of(copies / data["service"] / "data", data["items"]) for data in backup["data"]},
        "unlocked": unlocked_models(root, backup, weights.taken),
    }
    if weights.taken:
        said["weights"] = weights.taken
    if weights.unsaved:
        said["unsaved"] = weights.unsaved
    if any(weights.bases.values()):
        said["bases"] = weights.bases
    return said


def _copy_release(root: Path, release: str, manifest: Manifest, configs: Path) -> None:
    """Copy a release's files, and under each service's name those that its container mounts."""
    made = configs / "release"
    shutil.rmtree(made, ignore_errors=True)
    for path in sorted((root / "releases" / release).rglob("*")):
        if path.is_file() and not path.is_symlink():
            _place(made / path.relative_to(root / "releases" / release), path.read_bytes())
    for name, service in sorted(manifest["services"].items()):
        for file, sha256 in sorted(service["files"].items()):
            _place(made / "services" / name / file, (root / "files" / sha256 / file).read_bytes())


def _place(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_file(path, content, MODE)


def models_of(backup: Backup) -> dict[str, dict[str, str]]:
    """Return each engine's models by name, with the digest that a library knows them by."""
    return {
        engine: {model.live.name: model.live.digest for model in models.values()}
        for engine, models in stores_of(backup).items()
    }


def _write(path: Path, document: object) -> None:
    write_file(path, json.dumps(document, sort_keys=True, indent=1).encode() + b"\n", MODE)


def _drop_others(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in kept:
            shutil.rmtree(path)
