"""Copies that a rollback would restore, remembered from the image's change until its release is accepted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from deploy.agent.remembered import read_json, write_json

Pending = dict[str, dict[str, Any]]


def read_pending(root: Path) -> Pending:
    """Return for each service the copy's folder, its release and the image that wrote its data."""
    return dict((read_json(_path(root)) or {}).get("copies", {}))


def remember_copy(root: Path, service: str, copy: dict[str, Any]) -> None:
    """Remember a service's copy in place of an older one."""
    write_json(_path(root), {"format": 1, "copies": {**read_pending(root), service: copy}})


def forget_copy(root: Path, service: str) -> None:
    """Forget a restored copy: the data changes from now on."""
    copies = read_pending(root)
    if copies.pop(service, None) is not None:
        write_json(_path(root), {"format": 1, "copies": copies})


def forget_copies(root: Path) -> None:
    """Forget all copies: the release that they protected is accepted."""
    _path(root).unlink(missing_ok=True)


def _path(root: Path) -> Path:
    return root / "run" / "pending.json"
