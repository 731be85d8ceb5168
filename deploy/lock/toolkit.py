"""NVIDIA's container toolkit in kit.lock: its four packages in one version, and the key that signs their source."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping

from deploy.deployment.cards import TOOLKIT_PACKAGES
from deploy.deployment.fetch import Fetch
from deploy.errors import KitError
from deploy.lock.model import CardsLock, Lock, ToolkitLock, ToolkitPackage
from deploy.registries.apt import Package, packages_at, source_key

NAME = "nvidia-container-toolkit"
"""Name of the toolkit among the pinned inputs."""


def is_wanted(gpus: Mapping[str, CardsLock]) -> bool:
    """Return True if a service computes on NVIDIA's cards."""
    return any(entry.vendor == "nvidia" for entry in gpus.values())


def toolkit_fault(fetch: Fetch, lock: Lock) -> str:
    """Return the difference between the lock's toolkit and kit.yaml; empty if they agree, or nothing is pinned."""
    if lock.toolkit is None or not is_wanted(lock.gpus) or lock.toolkit.fingerprint == fetch.nvidia_key:
        return ""
    return f"is signed with {lock.toolkit.fingerprint}; kit.yaml says {fetch.nvidia_key}"


def pin_toolkit(fetch: Fetch) -> ToolkitLock:
    """Return the newest version that has all packages."""
    key = source_key(f"{fetch.nvidia}/gpgkey", fetch.nvidia_key, fetch)
    versions: dict[str, dict[str, Package]] = {}
    for package in packages_at(fetch.nvidia_source, fetch):
        if package.name in TOOLKIT_PACKAGES:
            versions.setdefault(package.version, {})[package.name] = package
    # A candidate of a release has a tilde.
    whole = [each for each, own in versions.items() if len(own) == len(TOOLKIT_PACKAGES) and "~" not in each]
    newest = max(whole, key=_number, default=None)
    if newest is None:
        raise KitError(
            f"{fetch.nvidia_source} has no version with all of {', '.join(TOOLKIT_PACKAGES)}",
            "name a whole mirror of NVIDIA's packages: `mirrors: {nvidia: ...}` in kit.yaml",
        )
    chosen = (versions[newest][name] for name in TOOLKIT_PACKAGES)
    return ToolkitLock(
        version=newest,
        fingerprint=fetch.nvidia_key,
        key=base64.b64encode(key).decode(),
        packages=tuple(ToolkitPackage(name=each.name, file=each.file, sha256=each.sha256) for each in chosen),
    )


def _number(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))
