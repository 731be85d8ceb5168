"""Engines and files of models, as a host shall have them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deploy.deployment.folders import Owner
from deploy.deployment.models import Context, CreatedModel
from deploy.deployment.port import Port as Port
from deploy.deployment.secrets import Secret


@dataclass(frozen=True)
class ModelFile:
    """A model's file on the host, by its content."""

    name: str
    service: str
    host_path: str
    owner: Owner
    sha256: str
    size_bytes: int
    source: dict[str, Any]
    """Where the agent takes it from, as the agent's operation `models` reads it."""
    advice: str = ""
    """What a person may want to know of it when it is fetched; outside every digest."""


@dataclass(frozen=True)
class Engine:
    """An engine whose models are created over its API, whoever runs it."""

    name: str
    kind: str
    protocol: str
    address: str
    """As the host reaches it."""
    models: tuple[CreatedModel, ...]
    key: Secret | None = None
    models_dir: str | None = None
    """Folder of the host with its models; None where the kit does not run it."""
    prune: bool = False
    """Whether a model that left the spec is removed."""
    context: Context | None = None
    """What a model gets that sets no context of its own; None where nobody knows."""
    heeding: str = ""
    """What lets a model's template win over the one in its file; outside every digest."""


@dataclass(frozen=True)
class NamedEngine:
    """An engine that has its models by itself, at its address for the host: they are asked for by name alone."""

    name: str
    protocol: str
    address: str
    models: tuple[tuple[str, str], ...]
    """Models of the spec, each with the name that the engine knows."""
    key: Secret | None = None
