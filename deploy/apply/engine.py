"""What the role docker_engine needs to know about a host, decided from what the host said of itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.deployment import Fetch
from deploy.errors import KitError
from deploy.plan.preflight import COMPOSE_FLOOR, ENGINE_FLOOR

SETTINGS: dict[str, Any] = {
    "live-restore": True,
    "log-driver": "json-file",
    "log-opts": {"max-size": "10m", "max-file": "3"},
}


@dataclass(frozen=True)
class EnginePackages:
    """Where a distribution keeps Docker; apparmor is there because an engine without its parser starts no container."""

    engine: tuple[str, ...]
    plugins: tuple[str, ...]
    plugins_suite: str = ""
    """Suite that lends the plugins, where the distribution's own has none."""


PACKAGES: dict[tuple[str, str], EnginePackages] = {
    ("debian", "bookworm"): EnginePackages(("apparmor", "docker.io"), ("docker-buildx", "docker-compose"), "trixie"),
    ("debian", "trixie"): EnginePackages(("apparmor", "docker-cli", "docker.io"), ("docker-buildx", "docker-compose")),
    ("ubuntu", "noble"): EnginePackages(("apparmor", "docker.io"), ("docker-buildx", "docker-compose-v2")),
}


def engine_variables(*, os_id: str, codename: str, systemd: bool, fetch: Fetch) -> dict[str, Any]:
    """Variables of docker_engine for a host; KitError with the next step where no packages are known for it."""
    packages = PACKAGES.get((os_id, codename))
    if packages is None:
        known = ", ".join(f"{distribution} {suite}" for distribution, suite in sorted(PACKAGES))
        raise KitError(
            f"kit knows no Docker packages for {os_id or 'an unknown system'} {codename}".rstrip(),
            f"install Docker {ENGINE_FLOOR} or newer with Compose {COMPOSE_FLOOR} or newer, then apply again"
            f" (kit installs them itself on {known})",
        )
    engine = packages.engine if systemd else tuple(sorted((*packages.engine, "cgroupfs-mount")))
    return {
        "docker_engine_packages": list(engine),
        "docker_engine_plugins": list(packages.plugins),
        "docker_engine_plugins_suite": packages.plugins_suite,
        "docker_engine_systemd": systemd,
        "docker_engine_settings": SETTINGS,
        "docker_engine_floors": {"engine": ENGINE_FLOOR, "compose": COMPOSE_FLOOR},
        "docker_engine_mirror": fetch.debian or "",
        "docker_engine_proxy": fetch.proxy or "",
        "docker_engine_ca": fetch.ca or "",
    }
