"""Keyed fingerprints of the secrets that each container was created with; the key never leaves the host."""

from __future__ import annotations

import hmac
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from deploy.agent.remembered import read_json, write_file, write_json

KEY_BYTES = 32


def fingerprints(root: Path, service: str) -> dict[str, str]:
    """Return the fingerprint of every secret in a service's folder, by name."""
    key = _key(root)
    return {path.name: hmac.new(key, path.read_bytes(), "sha256").hexdigest() for path in _files(root, service)}


def remember(root: Path, service: str, container: str, seen: dict[str, str]) -> None:
    """Keep what a container was created with."""
    path = root / "run" / "fingerprints.json"
    known = read_json(path) or {"format": 1, "services": {}}
    known["services"][service] = {"container": container, "secrets": seen}
    write_json(path, known)


def changed_secrets(root: Path, service: str, container: dict[str, Any]) -> list[str]:
    """Return the secrets that are not the ones that a container reads."""
    if not (root / "run" / "key").exists() or not os.access(root / "run" / "key", os.R_OK):
        return []
    known = (read_json(root / "run" / "fingerprints.json") or {}).get("services", {}).get(service, {})
    if known.get("container") != container["id"]:
        # Nobody remembered this container: it read what was there when it started.
        started = _seconds(container["started_at"])
        return [path.name for path in _files(root, service) if path.stat().st_ctime > started]
    before = known["secrets"]
    return [name for name, now in fingerprints(root, service).items() if before.get(name) != now]


def _files(root: Path, service: str) -> list[Path]:
    folder = root / "secrets" / service
    return sorted(path for path in folder.glob("*") if not path.name.startswith("."))


def _key(root: Path) -> bytes:
    path = root / "run" / "key"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_file(path, os.urandom(KEY_BYTES), 0o400)
    return path.read_bytes()


def _seconds(text: str) -> float:
    # Docker prints nanoseconds, which Python 3.9 cannot read.
    whole = text.rstrip("Z").partition(".")[0]
    try:
        return datetime.fromisoformat(whole).replace(tzinfo=timezone.utc).timestamp() + 1
    except ValueError:
        return 0.0
