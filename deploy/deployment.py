"""Per host, everything decided: what resolve makes and render prints. Plain values, no I/O."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from deploy.agent.inputs.layers import LayerSize
from deploy.models import Context, CreatedModel
from deploy.port import Port as Port
from deploy.secret import Secret, SecretUse

Egress = Literal["none", "any"]


@dataclass(frozen=True)
class Owner:
    """Numeric user and group."""

    uid: int
    gid: int

    def __str__(self) -> str:
        return f"{self.uid}:{self.gid}"


@dataclass(frozen=True)
class Folder:
    """A folder on the host that holds user data or state, with its owner."""

    host_path: str
    owner: Owner
    mode: str


@dataclass(frozen=True)
class Mount:
    """A bind mount into a container."""

    host_path: str
    container_path: str
    read_only: bool = True


@dataclass(frozen=True)
class Tmpfs:
    """A folder in memory, lost with the container."""

    container_path: str
    size_bytes: int
    mode: str = "1777"


@dataclass(frozen=True)
class Artifact:
    """A file that the container mounts, rendered from a template."""

    template: str
    name: str
    container_path: str
    context: Any = None
    """Dataclass with everything the template prints, computed and sorted."""
    mode: str = "0444"


@dataclass(frozen=True)
class Probe:
    """A health check inside the container, and patterns of the whole lines that a passed one leaves in its log."""

    argv: tuple[str, ...]
    interval_seconds: int = 60
    timeout_seconds: int = 5
    retries: int = 3
    start_period_seconds: int = 60
    log_lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Capability:
    """A kernel capability that a service needs, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Device:
    """A device of the host, or a folder of them, that a container gets."""

    host_path: str
    nodes: str
    """Pattern of the device files in it that the service must be able to open."""
    next_step: str
    """What a person does where there are none."""


@dataclass(frozen=True)
class Image:
    """An image by the name under which the host's Docker knows it."""

    reference: str
    source: Literal["build", "pull"]
    recipe: str
    """Digest of everything that goes into it, or of the manifest that a registry has."""
    download_bytes: int
    """What its inputs or its layers weigh, for the estimate before the first apply."""
    layers: tuple[LayerSize, ...] = ()
    """What it is assembled from, for the count of disk space; outside every digest."""


@dataclass(frozen=True)
class SqliteFile:
    """User data in a SQLite database, copied by its online backup."""

    relpath: str


@dataclass(frozen=True)
class Tree:
    """User data in a folder, copied file by file."""

    relpath: str


@dataclass(frozen=True)
class UserData:
    """What of a service is user data, under one root on the host."""

    host_path: str
    owner: Owner
    items: tuple[SqliteFile | Tree, ...]
    version: str
    """Release of the application that writes it: an older one is never started on it."""


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


@dataclass(frozen=True)
class Service:
    """One container, everything decided."""

    name: str
    kind: str
    image: Image
    argv: tuple[str, ...]
    owner: Owner
    environment: tuple[tuple[str, str], ...] = ()
    mounts: tuple[Mount, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    secrets: tuple[SecretUse, ...] = ()
    ports: tuple[Port, ...] = ()
    folders: tuple[Folder, ...] = ()
    tmpfs: tuple[Tmpfs, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    devices: tuple[Device, ...] = ()
    groups: tuple[int, ...] = ()
    """Further groups of the host that it is in, for what its devices belong to."""
    memory_bytes: int = 2**30
    pids: int = 512
    sysctls: tuple[tuple[str, int], ...] = ()
    """Settings of the kernel for the container's own network, sorted."""
    read_only: bool = True
    probe: Probe = field(default_factory=lambda: Probe(("true",)))
    health_timeout_seconds: int = 180
    stop_seconds: int = 30
    egress: Egress = "none"
    egress_cause: str = ""
    data: UserData | None = None
    host_secrets: tuple[Secret, ...] = ()
    """Secrets that no container reads; the agent does, for the room's own operations."""
    room: dict[str, Any] = field(default_factory=dict)
    """What the room's own agent operations need, as JSON values: settings it owns, accounts."""
    facts: dict[str, Any] = field(default_factory=dict)
    """What the room's checks need to ask its questions, as JSON values."""

    @property
    def told_ports(self) -> tuple[Port, ...]:
        """The published ports as people are told them: those that other machines reach come first."""
        return tuple(sorted(self.ports, key=lambda port: not port.is_open))


@dataclass(frozen=True)
class Fetch:
    """Places to fetch from; outside every digest."""

    debian: str | None = None
    pypi: str | None = None
    proxy: str | None = None
    ca: str | None = None
    registry: str | None = None
    """Base address that stands for the default container registry."""
    models: str | None = None
    """Base address that stands for the default model registry."""


@dataclass(frozen=True)
class Deployment:
    """Everything that one host of a stack shall run."""

    stack: str
    services: tuple[Service, ...]
    models: tuple[ModelFile, ...]
    engines: tuple[Engine, ...] = ()
    named_engines: tuple[NamedEngine, ...] = ()
    fetch: Fetch = Fetch()
    addresses: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """The host's addresses when they were locked, by the word of `publish` that means them."""

    @property
    def root(self) -> str:
        """Folder of the stack's releases, files, secrets and state on the host."""
        return f"/opt/kit/{self.stack}"

    @property
    def data_root(self) -> str:
        """Folder of the stack's user data on the host, where the spec says nothing else."""
        return f"/srv/kit/{self.stack}"

    @property
    def project(self) -> str:
        """Name of the compose project."""
        return f"kit-{self.stack}"

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """Every secret once, by name."""
        used = {use.secret.name: use.secret for service in self.services for use in service.secrets}
        used |= {secret.name: secret for service in self.services for secret in service.host_secrets}
        used |= {one.key.name: one.key for one in self.asked_engines if one.key}
        return tuple(used[name] for name in sorted(used))

    @property
    def asked_engines(self) -> tuple[Engine | NamedEngine, ...]:
        """Every engine that a host asks for its models."""
        return (*self.engines, *self.named_engines)

    def readers(self, secret: Secret) -> tuple[str, ...]:
        """Return the services whose containers read a secret."""
        return tuple(service.name for service in self.services if any(use.secret == secret for use in service.secrets))

    def service(self, name: str) -> Service:
        """Return the service of that name; KeyError where there is none."""
        return {service.name: service for service in self.services}[name]


def as_json(value: Any) -> Any:
    """Turn dataclasses into JSON values, tuples into lists, with sorted keys left to the writer."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: as_json(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, (list, tuple)) else value
