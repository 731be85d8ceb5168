"""The verb `probe`: what a plan needs to know of a host, in one answer."""

from __future__ import annotations

from typing import Any, TypedDict

from deploy.agent.contract.backup_runs import SeenBackups
from deploy.agent.contract.containers import Attached, Container, Listener
from deploy.agent.contract.engines import AskedEngine, AskingRequest, SeenEngine, SeenNames
from deploy.agent.contract.envelope import Formatted, Holder
from deploy.agent.contract.firewall import Firewall
from deploy.agent.contract.hardware import DeviceNode, Disk, Docker, Machine
from deploy.agent.contract.indexes import SeenIndex
from deploy.agent.contract.places import Kept, Left, Place, SeenData
from deploy.agent.contract.released import Release
from deploy.agent.contract.rooms import AskedRoom, Difference
from deploy.agent.contract.way_back import Way


class Port(TypedDict):
    """An address and a port that a service is published on."""

    address: str
    port: int


class GivenSecret(TypedDict):
    """A secret that is kept elsewhere, to be compared on the host."""

    name: str
    owner: str
    value: str


class ProbeRequest(AskingRequest, total=False):
    """The parts of a host that a plan is about."""

    folders: list[str]
    ports: list[Port]
    model_paths: list[str]
    cache: str
    built_images: list[str]
    data_roots: list[str]
    engines: list[AskedEngine]
    given: list[GivenSecret]
    devices: list[str]
    places: dict[str, Place]
    kept: Kept
    rooms: dict[str, AskedRoom]
    """Services with settings of their own, by name."""
    origin: str
    """Control node and path of kit.yaml."""


class SecretName(TypedDict):
    """A secret by its name and its service."""

    name: str
    owner: str


class SecretFile(TypedDict):
    """A secret's file; never its value."""

    present: bool
    mode: str
    uid: int


class Folder(TypedDict):
    """A folder that user data lies in, or its absence."""

    exists: bool
    uid: int
    gid: int
    mode: str
    empty: bool


class HostImage(TypedDict):
    """An image of the kit's own."""

    id: str
    recipe: str | None
    debian_versions: dict[str, str]
    is_brought: bool
    """True if Docker pulled it by the digest in its name, or an agent's record has its id."""


class Images(TypedDict):
    """The images that the host has, the layers that need not be made again, and what unpacks packages."""

    images: dict[str, HostImage]
    cached_layers: list[str]
    has_uv: bool


class SeenModelFile(TypedDict):
    """A model's file, with the sha256 that is remembered of it."""

    size: int
    sha256: str | None
    remembered: bool
    """True if the agent remembers enough of it to see a change."""


class HeldBy(TypedDict):
    """The run that holds the host now."""

    holder: Holder


class Settings(TypedDict, total=False):
    """The settings that the kit owns inside an application."""

    drift: list[Difference]
    problem: str
    next: str


class UserData(TypedDict):
    """Place of user data, with its owner and the release that wrote it."""

    data_versions: dict[str, str]
    places: dict[str, SeenData]
    owners: dict[str, str]
    left: list[Left]


class Releases(Release, Way):
    """The release that a host runs, and the way back from it."""


class Reach(TypedDict):
    """The host's addresses, and what decides who reaches them."""

    addresses: dict[str, list[str]]
    ufw: bool
    late: dict[str, list[str]]
    """Kernel settings for addresses that come late: `written` for each boot, `live` now, `settable` at all."""
    firewall: Firewall


class ProbeAnswer(Formatted, Releases, Images, Machine, UserData, Reach):
    """A host as it describes itself."""

    services: dict[str, Container]
    secrets: dict[str, SecretFile]
    replaced_secrets: list[str]
    fingerprint_changed: dict[str, list[str]]
    folders: dict[str, Folder]
    docker: Docker
    daemon_json: dict[str, Any] | None
    ports: list[Listener]
    strange_addresses: list[str]
    attached: list[Attached]
    """Containers from outside on the stack's networks or files."""
    disk: dict[str, Disk]
    devices: dict[str, list[DeviceNode]]
    root: bool
    models: dict[str, SeenModelFile]
    hold: HeldBy | None
    stopped: list[str]
    units: dict[str, str]
    """sha256 of each file of the stack in the host's scheduler, by file name; empty for a timer that is off."""
    settings: dict[str, Settings]
    engines: dict[str, SeenEngine | SeenNames]
    interrupted: str | None
    backups: SeenBackups
    indexes: dict[str, SeenIndex]
    """Search indexes by service."""
