"""The ways to the hosts of a kit.yaml as its last run knew them: a start ahead needs no more, and loads little.

They count for the same bytes of kit.yaml, read by the same kit: then they are what reading it says.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from deploy.deployment.way import Way
from deploy.kept import remember, remembered, sha256_of
from deploy.stamps import package_stamps

MOST = 50
"""Number of files whose ways are kept."""
FOLDER = "ways"


def keep_ways(spec: Path, ways: Mapping[str, Way]) -> None:
    """Keep the ways to the hosts of a kit.yaml."""
    if key := _key(spec):
        document = {"key": key, "ways": {host: asdict(way) for host, way in ways.items()}}
        if remembered(FOLDER, _name(spec)) != document:
            remember(FOLDER, _name(spec), document, MOST)


def recall_ways(spec: Path) -> dict[str, Way]:
    """Return the ways to the hosts of a kit.yaml; none if it changed since, or was never read."""
    document, key = remembered(FOLDER, _name(spec)), _key(spec)
    if key is None or document.get("key") != key:
        return {}
    try:
        return {host: Way(**way) for host, way in document["ways"].items()}
    except (AttributeError, KeyError, TypeError):
        return {}


def _key(spec: Path) -> str | None:
    """Return the digest of what the ways follow from; None where it cannot be told."""
    stamps = package_stamps()
    try:
        return f"{stamps} {sha256_of(str(spec))}" if stamps else None
    except OSError:
        return None


def _name(spec: Path) -> str:
    return hashlib.sha256(os.fsencode(spec.absolute())).hexdigest()
