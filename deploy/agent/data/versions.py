"""The application release that last wrote a service's user data: an older one is never started on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from deploy.agent.remembered import read_json, write_json


def data_versions(root: Path) -> dict[str, str]:
    """Return for each service the release that last ran healthy on its data."""
    return dict((read_json(_path(root)) or {}).get("versions", {}))


def remember_versions(root: Path, versions: Mapping[str, str | None]) -> None:
    """Remember the running releases; a removed service keeps its data, and so its entry."""
    before = data_versions(root)
    now = {name: version for name, version in versions.items() if version}
    if before != before | now:
        write_json(_path(root), {"format": 1, "versions": before | now})


def _path(root: Path) -> Path:
    # Not in run/: it stays as long as the data does.
    return root / "data_versions.json"
