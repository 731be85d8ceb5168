"""The machine and its Docker, as a probe describes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

from deploy.agent.contract.envelope import Formatted


class OperatingSystem(TypedDict):
    """The content of /etc/os-release."""

    id: str
    version: str
    codename: str
    debian_mirror: str | None


class Card(TypedDict):
    """A graphics card that a model could run on; a value that nobody tells is None."""

    vendor: str
    pci: str | None
    card: str | None
    driver: str | None
    uuid: str | None
    memory_bytes: int | None
    compute: str | None
    """Compute capability of an NVIDIA card."""
    ids: str | None
    """Numbers of its vendor and its kind on the bus."""
    node: str | None
    """Device file of an NVIDIA card."""


class Nvidia(TypedDict):
    """NVIDIA's driver and container toolkit; a value that nobody tells is None or empty."""

    module: str | None
    """Version of the loaded kernel module."""
    is_open: bool | None
    """True for the open kernel modules."""
    license: str
    """License of the module on the disk."""
    problem: str
    """Words of nvidia-smi if it fails."""
    library: str | None
    """Version of the library where it is another one than the module's."""
    packages: dict[str, str]
    """Versions of the toolkit's packages."""
    has_ctk: bool
    """True if `nvidia-ctk` is there, from a package or not."""
    mode: str
    """Mode of the toolkit's runtime as its settings say it."""
    cdi: list[str]
    """CDI's names of the cards."""
    cdi_driver: str | None
    """Version of the driver that these names were made for."""
    nodes: list[str]
    """Device files of the driver."""


MISMATCH = "Driver/library version mismatch"
"""Words of nvidia-smi after an update of the driver without a reboot; programs that run keep their cards."""


def is_silent(module: str | None, problem: str, *, is_wsl: bool) -> bool:
    """Return True if NVIDIA's driver gives no card, by the version of its module and nvidia-smi's words."""
    is_loaded = module is not None or is_wsl
    return not is_loaded or bool(problem and MISMATCH not in problem)


class Machine(TypedDict):
    """Memory, processor, cards and system."""

    identity: str
    """Equal in the answers of one machine alone; empty if the machine has no id."""
    memory_bytes: int
    cores: int
    architecture: str
    cards: list[Card]
    nvidia: Nvidia | None
    wsl: str | None
    """Networking mode of WSL, empty if unknown; None on every other machine."""
    os: OperatingSystem
    systemd: bool


class Disk(TypedDict):
    """The file system that a path lies on, or will lie on."""

    free_bytes: int
    device: int
    kind: str
    point: str
    is_read_only: bool


class DeviceNode(TypedDict):
    """A device's file, and who may open it."""

    path: str
    uid: int
    gid: int
    mode: str


class _Server(TypedDict):
    server: bool
    version: str | None
    root: str | None
    problem: str | None
    next: str | None
    is_denied: bool
    live_restore: bool


class DockerServer(_Server, total=False):
    """Docker's engine; one that does not answer says less."""

    missing_limits: Sequence[str]
    security: Sequence[str]
    forwards: bool
    """True if it forwards what other machines send to a container's own address."""


class Docker(DockerServer):
    """Docker's engine, client and plugins."""

    engine_path: str | None
    daemon_json_problem: str | None
    compose: str | None
    client_path: str | None
    kit_installed: bool


class AddressesAnswer(Formatted):
    """The host's addresses."""

    addresses: dict[str, list[str]]
    """Addresses by the word of `publish` that means them."""


class CardsAnswer(Formatted):
    """The host's cards, and what a container needs for one."""

    cards: list[Card]
    nvidia: Nvidia | None
    wsl: str | None
    devices: list[DeviceNode]
    """Device files of AMD's and Intel's drivers."""
    docker: str | None
    """Version of Docker's engine."""
    kit_installed: bool
    """True for a Docker that the kit installed."""
