"""Engines and files of models on a host."""

from __future__ import annotations

from dataclasses import dataclass

from deploy.deployment.folders import Owner
from deploy.deployment.model_source import ModelSource
from deploy.deployment.models import Context, CreatedModel
from deploy.deployment.secrets import Secret


@dataclass(frozen=True)
class ModelFile:
    """A model's file on the host, addressed by its content."""

    name: str
    service: str
    host_path: str
    owner: Owner
    sha256: str
    size_bytes: int
    source: ModelSource
    """Source for the agent, in the form of the agent's operation `models`."""
    advice: str = ""
    """Advice to a person when it is fetched; outside every digest."""


@dataclass(frozen=True)
class Engine:
    """An engine whose models are created over its API, run by the kit or not."""

    name: str
    kind: str
    protocol: str
    address: str
    """Its address from the host."""
    models: tuple[CreatedModel, ...]
    key: Secret | None = None
    models_dir: str | None = None
    """Folder of the host with its models; None if the kit does not run it."""
    prune: bool = False
    """True to remove a model that left the spec."""
    context: Context | None = None
    """Context of a model that sets none of its own; None if unknown."""
    heeding: str = ""
    """Setting by which a model's template overrides the one in its file; outside every digest."""
    uses_cloud: bool = False
    """True if models of its vendor's cloud are allowed; outside every digest."""


@dataclass(frozen=True)
class NamedEngine:
    """An engine that has its models already, at its address for the host: they are only asked for by name."""

    name: str
    protocol: str
    address: str
    models: tuple[tuple[str, str], ...]
    """Models of the spec, each with the name that the engine knows."""
    key: Secret | None = None
    uses_cloud: bool = False
    """True if models of its vendor's cloud are allowed; outside every digest."""
