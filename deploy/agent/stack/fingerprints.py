"""Containers that were made for services, and keyed fingerprints of their secrets; the key never leaves the host."""

from __future__ import annotations

import hmac
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deploy.agent.remembered import read_json, write_file, write_json

if TYPE_CHECKING:
    from deploy.agent.contract.containers import Described

KEY_BYTES = 32


def fingerprints(root: Path, service: str) -> dict[str, str]:
    """Return the fingerprint of each secret in a service's folder, by name."""
    key = _key(root)
    return {path.name: hmac.new(key, path.read_bytes(), "sha256").hexdigest() for path in _files(root, service)}


def remember(root: Path, service: str, container: str, seen: dict[str, str]) -> None:
    """Record a service's new container and the secrets that it was created with."""
    _write(root, {**_known(root), service: {"container": container, "secrets": seen}})


def forget(root: Path, services: list[str]) -> None:
    """Forget containers before they are made: after an interruption one is unknown, and not a person's work."""
    known = _known(root)
    if not known.keys().isdisjoint(services):
        _write(root, {name: fingerprint for name, fingerprint in known.items() if name not in services})


def remember_unknown(root: Path, containers: dict[str, str]) -> None:
    """Record unknown containers as made, by service: they match the release."""
    known = _known(root)
    for name in sorted(containers.keys() - known.keys()):
        remember(root, name, containers[name], fingerprints(root, name))


def was_recreated(root: Path, service: str, container: str) -> bool:
    """True if somebody else made the present container."""
    return bool(_known(root).get(service, {}).get("container", container) != container)


def changed_secrets(root: Path, service: str, container: Described) -> list[str]:
    """Return the secrets that differ from those that a container reads."""
    if not (root / "run" / "key").exists() or not os.access(root / "run" / "key", os.R_OK):
        return []
    known = _known(root).get(service, {})
    if known.get("container") != container["id"]:
        # Nobody remembered this container: it read what was there when it started. Not the time of the inode, which
        # a mended owner changes as well.
        started = _seconds(container["started_at"])
        if started is None:
            # Made and never started, as a run that is cut off leaves it: it will read what is there when it starts.
            return []
        return [path.name for path in _files(root, service) if path.stat().st_mtime > started]
    before = known["secrets"]
    return [name for name, now in fingerprints(root, service).items() if before.get(name) != now]


def _known(root: Path) -> dict[str, dict[str, Any]]:
    return dict((read_json(_path(root)) or {}).get("services", {}))


def _write(root: Path, services: dict[str, dict[str, Any]]) -> None:
    write_json(_path(root), {"format": 1, "services": services})


def _path(root: Path) -> Path:
    return root / "run" / "fingerprints.json"


def _files(root: Path, service: str) -> list[Path]:
    folder = root / "secrets" / service
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _key(root: Path) -> bytes:
    path = root / "run" / "key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, os.urandom(KEY_BYTES), 0o400)
    return path.read_bytes()


def _seconds(text: str) -> float | None:
    """Return the time when a container was started; None if it never was."""
    # Asked of few containers.
    from datetime import datetime, timezone

    # Docker prints nanoseconds, which Python 3.9 cannot read.
    whole = text.rstrip("Z").partition(".")[0]
    try:
        started = datetime.fromisoformat(whole).replace(tzinfo=timezone.utc)
    except ValueError:
        return None
    return started.timestamp() + 1 if started.year > 1 else None
