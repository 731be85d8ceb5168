"""A container, decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from deploy.deployment.data import SharedData, UserData
from deploy.deployment.folders import Folder, Owner
from deploy.deployment.image import Image
from deploy.deployment.memory import CardLoad
from deploy.deployment.port import Port
from deploy.deployment.secrets import Secret, SecretUse

Egress = Literal["none", "any"]


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
    """Dataclass with every value that the template prints, computed and sorted."""
    mode: str = "0444"


@dataclass(frozen=True)
class Probe:
    """A health check inside the container, and patterns of the whole log lines that a passed check leaves."""

    argv: tuple[str, ...]
    interval_seconds: int = 60
    timeout_seconds: int = 5
    retries: int = 3
    start_period_seconds: int = 60
    log_lines: tuple[str, ...] = ()


FIRST_TIMES = {"interval": "5s", "retries": 6}
"""Health timing of the first containers; it stands in every digest, so another one recreates no container."""


@dataclass(frozen=True)
class Capability:
    """A kernel capability that a service needs, with the reason."""

    name: str
    reason: str


@dataclass(frozen=True)
class Device:
    """A device of the host, or a folder of devices, that a container gets."""

    host_path: str
    nodes: str
    """Pattern of the device files in it that the service must be able to open."""
    next_step: str
    """Next step of a person if there are none."""


@dataclass(frozen=True)
class DeviceRequest:
    """Graphics cards that a container gets through a driver of Docker's."""

    vendor: str
    """Vendor of the cards, as a host's cards name it."""
    driver: str
    """Docker's driver that hands them over."""
    next_step: str
    """Instruction for a host without such cards."""
    device_ids: tuple[str, ...] = ()
    """The driver's names of the chosen cards; empty for all of them."""
    capabilities: tuple[str, ...] = ("gpu",)

    @property
    def chosen(self) -> tuple[str, ...]:
        """Return the numbers and UUIDs of the chosen cards in small letters; empty for all of them."""
        names = (name.rpartition("=")[2].lower() for name in self.device_ids)
        return tuple(name for name in names if name != "all")

    @property
    def words(self) -> str:
        """Return the driver and its cards in words, for a check."""
        return f"{self.driver} {', '.join(self.device_ids) or 'all'}"


@dataclass(frozen=True)
class Service:
    """A container, decided."""

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
    devices: tuple[Device | DeviceRequest, ...] = ()
    groups: tuple[int, ...] = ()
    """Further groups of the host that it is in, as owners of its devices."""
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
    data: UserData | SharedData | None = None
    host_secrets: tuple[Secret, ...] = ()
    """Secrets that no container reads; the agent does, for the room's own operations."""
    room: dict[str, Any] = field(default_factory=dict)
    """Input of the room's own agent operations, as JSON values: settings it owns, accounts."""
    facts: dict[str, Any] = field(default_factory=dict)
    """Facts that the room's checks need for their questions, as JSON values."""
    card_load: CardLoad | None = None
    """Cards that it computes on, and the memory that its models take there; outside every digest."""

    @property
    def host_devices(self) -> tuple[Device, ...]:
        """The devices that the container gets by their path on the host."""
        return tuple(device for device in self.devices if isinstance(device, Device))

    @property
    def device_requests(self) -> tuple[DeviceRequest, ...]:
        """The cards that the container gets through a driver of Docker's."""
        return tuple(device for device in self.devices if isinstance(device, DeviceRequest))

    @property
    def can_run_twice(self) -> bool:
        """True if a second container may run beside it: it has no folder and no device of the host.

        So two containers share no data, and no model is twice in memory or on a card.
        """
        return not (self.mounts or self.devices or self.data)

    @property
    def told_ports(self) -> tuple[Port, ...]:
        """Return the published ports in the order for people: those that other machines reach come first."""
        return tuple(sorted(self.ports, key=lambda port: not port.is_open))
