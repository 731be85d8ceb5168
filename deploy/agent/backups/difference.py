"""Operation `diff_backups`: additions, changes and removals between two snapshots, by kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.backups.copies import MODELS, SECRETS
from deploy.agent.backups.fetched import HOST_SECRETS
from deploy.agent.backups.restic import Restic
from deploy.agent.backups.snapshots import dumped, meant, statement
from deploy.agent.backups.work import released_backup, restic_of
from deploy.agent.journal import Journal

if TYPE_CHECKING:
    from deploy.agent.contract.backups import Changes, DiffAnswer, DiffRequest, RowsChange, Statement

Content = dict[str, dict[str, str]]
"""Kind to the names in it, each with a value that changes with its content."""


def run(request: DiffRequest, _journal: Journal) -> DiffAnswer:
    """Compare two snapshots by their own statements: checksums, numbers of rows, models and versions."""
    root = Path(request["root"])
    backup = released_backup(root)
    restic = restic_of(root, backup)
    first = meant(root, restic, backup["stack"], request["first"])
    second = meant(root, restic, backup["stack"], request["second"])
    before, after = statement(restic, first["id"]), statement(restic, second["id"])
    old, new = _content(restic, first["id"], before), _content(restic, second["id"], after)
    changes = {kind: _changes(old.get(kind, {}), new.get(kind, {})) for kind in sorted({*old, *new})}
    return {
        "first": first,
        "second": second,
        "changes": {kind: each for kind, each in changes.items() if any(each.values())},
        "rows": list(_rows(before, after)),
    }


def _changes(before: dict[str, str], after: dict[str, str]) -> Changes:
    return {
        "added": sorted(after.keys() - before.keys()),
        "changed": sorted(name for name in before.keys() & after.keys() if before[name] != after[name]),
        "removed": sorted(before.keys() - after.keys()),
    }


def _content(restic: Restic, snapshot: str, said: Statement) -> Content:
    content: Content = {"versions": _versions(said), "models": {}}
    for engine, models in dumped(restic, snapshot, MODELS).items():
        content["models"] |= {f"{name} of {engine}": digest for name, digest in models.items()}
    for part in sorted(said["versions"]):
        for path, value in _files(restic, snapshot, f"data/{part}").items():
            content.setdefault(_kind(part, path), {})[path] = value
    content[HOST_SECRETS] = _files(restic, snapshot, SECRETS)
    return content


def _versions(said: Statement) -> dict[str, str]:
    images = {f"image of {name}": image for name, image in said["images"].items()}
    return {"kit": said["kit"], "release": said["release"], **images}


def _files(restic: Restic, snapshot: str, inside: str) -> dict[str, str]:
    """Return the files and links of a part, each with its checksum or target."""
    files: list[dict[str, Any]] = dumped(restic, snapshot, f"{inside}/manifest.json")["files"]
    return {file["path"]: file.get("sha256") or file["target"] for file in files if file["kind"] != "folder"}


def _kind(part: str, path: str) -> str:
    """Return the kind of a file: its service, and the folder that it lies in."""
    return f"{part} {path.split('/')[0]}" if "/" in path else part


def _rows(before: Statement, after: Statement) -> Iterator[RowsChange]:
    """Yield each table whose number of rows differs; a backup of an older kit has no numbers to compare."""
    old, new = _tables(before), _tables(after)
    for key in sorted({*old, *new}) if "rows" in before and "rows" in after else ():
        if old.get(key) != new.get(key):
            service, database, table = key
            yield {
                "service": service,
                "database": database,
                "table": table,
                "before": old.get(key, 0),
                "after": new.get(key, 0),
            }


def _tables(said: Statement) -> dict[tuple[str, str, str], int]:
    return {
        (service, database, table): number
        for service, databases in said.get("rows", {}).items()
        for database, tables in databases.items()
        for table, number in tables.items()
    }
