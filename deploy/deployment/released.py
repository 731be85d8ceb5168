"""A release's deployment.json, as far as commands between applies need it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deploy.deployment.backup import backup_key
from deploy.deployment.host import Deployment
from deploy.deployment.secrets import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 1


@dataclass(frozen=True)
class ReleasedService:
    """A service of a release."""

    name: str
    health_timeout_seconds: int
    folders: tuple[str, ...]
    """Folders of the host with its user data and models."""
    read: tuple[Secret, ...]
    """Secrets that its container reads."""
    unread: tuple[Secret, ...]
    """Secrets that the agent alone reads for it."""
    log_lines: tuple[str, ...] = ()
    """Patterns of the log lines that a passed health check leaves."""


@dataclass(frozen=True)
class ReleasedEngine:
    """An engine of a release whose models are created over its API."""

    name: str
    address: str
    models_dir: str | None
    key: Secret | None


@dataclass(frozen=True)
class Released:
    """One host's release: its services and engines, without images, limits and places to fetch from."""

    stack: str
    services: tuple[ReleasedService, ...]
    engines: tuple[ReleasedEngine, ...]
    keys: tuple[Secret, ...] = ()
    """Keys of engines that have their models by themselves, and of the host's backups."""

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret once, by name."""
        known = [secret for service in self.services for secret in (*service.read, *service.unread)]
        known += [engine.key for engine in self.engines if engine.key] + list(self.keys)
        by_name = {secret.name: secret for secret in known}
        return tuple(by_name[name] for name in sorted(by_name))

    def readers(self, secret: Secret) -> tuple[str, ...]:
        """Return the services whose containers read a secret."""
        return tuple(service.name for service in self.services if secret.name in {read.name for read in service.read})


def released(deployment: Deployment) -> Released:
    """Return the release's description of a deployment."""
    services = tuple(
        ReleasedService(
            service.name,
            service.health_timeout_seconds,
            _own(
                {folder.host_path: folder.mode for folder in service.folders},
                service.data.host_path if service.data else None,
            ),
            tuple(use.secret for use in service.secrets),
            service.host_secrets,
            service.probe.log_lines,
        )
        for service in deployment.services
    )
    engines = tuple(
        ReleasedEngine(engine.name, engine.address, engine.models_dir, engine.key) for engine in deployment.engines
    )
    keys = [engine.key for engine in deployment.named_engines if engine.key]
    keys += [deployment.backup.key] if deployment.backup else []
    return Released(deployment.stack, services, engines, tuple(keys))


def read_released(document: Mapping[str, Any] | None) -> Released | None:
    """Read deployment.json; None if there is none, or if its format or its content is unknown."""
    try:
        if document is None or document["format"] != FORMAT:
            return None
        # The first releases have no engines of either kind, and their health checks no patterns.
        engines, named = document.get("engines", []), document.get("named_engines", [])
        backup = document.get("backup")
        keys = [*(key for engine in named if (key := _key(engine))), *([backup_key()] if backup else [])]
        return Released(
            document["stack"],
            tuple(map(_service, document["services"])),
            tuple(
                ReleasedEngine(engine["name"], engine["address"], engine["models_dir"], _key(engine))
                for engine in engines
            ),
            tuple(keys),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _service(document: Mapping[str, Any]) -> ReleasedService:
    data = document["data"]
    return ReleasedService(
        document["name"],
        document["health_timeout_seconds"],
        _own(
            {folder["host_path"]: folder["mode"] for folder in document["folders"]}, data["host_path"] if data else None
        ),
        tuple(Secret(**use["secret"]) for use in document["secrets"]),
        tuple(Secret(**secret) for secret in document["host_secrets"]),
        tuple(document.get("probe", {}).get("log_lines", ())),
    )


def _own(modes: Mapping[str, str], data: str | None) -> tuple[str, ...]:
    """Return the folders of a service's own data.

    A folder that everybody may enter is a person's, such as a bridge with whatever else lies in it.
    """
    return (*(path for path, mode in modes.items() if mode.endswith("0")), *([data] if data else []))


def _key(engine: Mapping[str, Any]) -> Secret | None:
    return Secret(**engine["key"]) if engine["key"] else None
