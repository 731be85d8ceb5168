"""Each container's configuration when its release was verified: some of it can be changed in place."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from deploy.agent.remembered import read_json, write_json

DIGITS = 16
BLANKS: tuple[Any, ...] = (None, "", 0, False, [], {})
OF_THE_ENGINE = frozenset({"HostConfig.Ulimits"})
"""Keys that show Docker's present state; nobody can change them in a container."""
Digests = dict[str, str]


def remember_configurations(root: Path, containers: dict[str, dict[str, Any]]) -> None:
    """Record the configuration of inspected containers without a record; drop all other records."""
    known = _known(root)
    kept = {name: known.get(container["Id"]) or _digests(container) for name, container in containers.items()}
    after = {containers[name]["Id"]: digests for name, digests in kept.items()}
    if after != known:
        write_json(_path(root), {"format": 1, "containers": after})


def is_remembered(root: Path, container: dict[str, object]) -> bool:
    """True if an inspected container has a record of a verification."""
    return container["Id"] in _known(root)


def changed_configuration(root: Path, container: dict[str, Any]) -> list[str]:
    """Return the keys of an inspected container that changed since its record; empty for an unknown container."""
    before = _known(root).get(container["Id"])
    if before is None:
        return []
    now = _digests(container)
    there = {key for key, _ in _keys(container)}
    # A newer Docker may leave a key out; that is nobody's change.
    return sorted(key for key in before.keys() | now.keys() if key in there and before.get(key) != now.get(key))


def _digests(container: dict[str, object]) -> Digests:
    return {key: _digest(value) for key, value in _keys(container) if value not in BLANKS}


def _digest(value: object) -> str:
    # Some of it holds what only its reader may see, so only digests are kept.
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:DIGITS]


def _keys(container: dict[str, Any]) -> list[tuple[str, Any]]:
    parts = [(f"{part}.{key}", value) for part in ("Config", "HostConfig") for key, value in container[part].items()]
    networks = sorted(container["NetworkSettings"].get("Networks") or {})
    known = [(key, value) for key, value in parts if key not in OF_THE_ENGINE]
    return [("Name", container["Name"]), ("Networks", networks), *known]


def _known(root: Path) -> dict[str, Digests]:
    return dict((read_json(_path(root)) or {}).get("containers", {}))


def _path(root: Path) -> Path:
    return root / "run" / "configurations.json"
